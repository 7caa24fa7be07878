//! `warmdesk staff`: the accounts of those who work at the desk. Passwords are read from the terminal, from standard input
//! or from a variable, never from the arguments, which every user of the machine can read.

use std::io::{IsTerminal, Read};
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use comfy_table::{Table, presets};
use console::Term;
use jiff::tz::TimeZone;
use secrecy::{ExposeSecret, SecretString};

use super::options::{GlobalOptions, variable};
use super::serve::{runtime, start_logging};
use crate::identity::{ShopId, StaffScope};
use crate::staff::{
    DisplayName, LONGEST_PASSWORD, NewStaff, Password, Role, StaffAccount, StaffChange, StaffName,
};
use crate::store::Store;
use crate::time::{Clock, SystemClock};

/// Where a password may come from instead of standard input.
const VARIABLE: &str = "WARMDESK_STAFF_PASSWORD";

/// What can be done with accounts.
#[derive(Debug, Clone, Subcommand)]
pub enum StaffCommand {
    /// Make an account; its password is read from the terminal, standard input or WARMDESK_STAFF_PASSWORD
    Add(AddOptions),
    /// List all accounts
    List,
    /// Take an account out of use and end its sessions at once
    Disable(NamedOptions),
    /// Put an account that was taken out of use back into use
    Enable(NamedOptions),
    /// Set a new password and end the account's sessions; it is read as for `add`
    Password(NamedOptions),
}

/// An account to be made.
#[derive(Debug, Clone, Args)]
pub struct AddOptions {
    /// The name to sign in with: letters and digits, also with `.`, `_`, `-` and `@`
    pub name: String,
    /// How colleagues read it; without it the name
    #[arg(long, value_name = "TEXT")]
    pub display: Option<String>,
    /// What it may do: agent, lead or admin
    #[arg(long, value_parser = role)]
    pub role: Role,
}

/// Which account.
#[derive(Debug, Clone, Args)]
pub struct NamedOptions {
    /// Its name
    pub name: String,
}

fn role(name: &str) -> Result<Role, String> {
    let found = Role::ALL.into_iter().find(|role| role.as_str() == name);
    found.ok_or_else(|| "agent, lead or admin is expected".to_owned())
}

/// Runs the command.
pub fn run(options: &GlobalOptions, command: StaffCommand) -> anyhow::Result<ExitCode> {
    let config = options.settings()?;
    start_logging(&config)?;
    let work = Work::read(command)?;
    let clock = SystemClock::new(config.zone()?);
    let staff = StaffScope { shop: ShopId::default(), actor: "staff".to_owned() };
    runtime()?.block_on(async {
        let store = Store::open(&options.data).await?;
        let done = work.run(&store, &staff, &clock).await;
        store.close().await;
        done
    })?;
    Ok(ExitCode::SUCCESS)
}

/// What is to be done, checked before anything is opened.
enum Work {
    Add(NewStaff),
    List,
    Change(StaffName, StaffChange, &'static str),
}

impl Work {
    fn read(command: StaffCommand) -> anyhow::Result<Self> {
        let active = |active| StaffChange { active: Some(active), ..StaffChange::default() };
        Ok(match command {
            StaffCommand::List => Self::List,
            StaffCommand::Add(AddOptions { name, display, role }) => {
                let name = named(&name)?;
                let display_name = match display {
                    Some(text) => DisplayName::new(&text).context("--display")?,
                    None => name.clone().into(),
                };
                Self::Add(NewStaff { name, display_name, role, password: password()? })
            }
            StaffCommand::Disable(which) => Self::Change(named(&which.name)?, active(false), "is out of use"),
            StaffCommand::Enable(which) => Self::Change(named(&which.name)?, active(true), "is in use"),
            StaffCommand::Password(which) => {
                let name = named(&which.name)?;
                let change = StaffChange { password: Some(password()?), ..StaffChange::default() };
                Self::Change(name, change, "has a new password and is signed out everywhere")
            }
        })
    }

    async fn run(self, store: &Store, staff: &StaffScope, clock: &SystemClock) -> anyhow::Result<()> {
        let now = clock.now();
        match self {
            Self::Add(new) => {
                let account = store.create_staff(staff, new, &now).await?;
                println!("{} ({}) may sign in at /desk", account.name, account.role);
            }
            Self::List => print(&store.staff_accounts(staff).await?, now.zoned().time_zone()),
            Self::Change(name, change, outcome) => {
                let account = store.change_staff(staff, &name, change, &now).await?;
                println!("{} {outcome}", account.name);
            }
        }
        Ok(())
    }
}

fn named(text: &str) -> anyhow::Result<StaffName> {
    StaffName::new(text).with_context(|| format!("the name `{text}` cannot be taken"))
}

/// The password from the variable, from whoever types it unseen, or from a pipe, which may end it with a line feed.
fn password() -> anyhow::Result<Password> {
    let secret = match variable(VARIABLE) {
        Some(given) => SecretString::from(given),
        None if std::io::stdin().is_terminal() => typed()?,
        None => piped()?,
    };
    Password::new(secret).context("the password cannot be taken")
}

fn typed() -> anyhow::Result<SecretString> {
    let terminal = Term::stderr();
    let ask = |question: &str| -> anyhow::Result<SecretString> {
        terminal.write_str(question)?;
        Ok(SecretString::from(terminal.read_secure_line().context("the password cannot be read")?))
    };
    let (first, again) = (ask("password: ")?, ask("once more: ")?);
    if first.expose_secret() != again.expose_secret() {
        bail!("the two are not the same; nothing was changed");
    }
    Ok(first)
}

fn piped() -> anyhow::Result<SecretString> {
    // Enough for the longest password and its line feed; whatever is longer is refused by its length.
    let most = u64::try_from(LONGEST_PASSWORD)? * 4 + 8;
    let mut text = String::new();
    std::io::stdin().take(most).read_to_string(&mut text).context("the password cannot be read")?;
    let line = text.lines().next().unwrap_or_default().to_owned();
    if line.is_empty() {
        bail!("no password was given: type it, pipe it in, or set {VARIABLE}");
    }
    Ok(SecretString::from(line))
}

fn print(accounts: &[StaffAccount], zone: &TimeZone) {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(["NAME", "DISPLAY", "ROLE", "IN USE", "LAST LOGIN"]);
    for account in accounts {
        let last = account.last_login_at.map(|at| at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M"));
        table.add_row([
            account.name.clone(),
            account.display_name.clone(),
            account.role.to_string(),
            if account.active { "yes" } else { "no" }.to_owned(),
            last.map_or_else(|| "never".to_owned(), |last| last.to_string()),
        ]);
    }
    println!("{table}");
}
