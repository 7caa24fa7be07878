//! What a browser gets: the chat widget, the demo page and the desk page, embedded in the binary.
//!
//! Plain ES modules, no build step: the file in `assets/` is the file the browser runs. The desk page is in modules of one
//! question each under `assets/desk/`; all its words are in `words-zh.js` and `words-en.js` there.

use std::borrow::Cow;

use serde::Serialize;

#[derive(rust_embed::RustEmbed)]
#[folder = "src/web/assets/"]
struct Assets;

/// A file for a browser.
#[derive(Debug)]
pub struct WebFile {
    /// Its content.
    pub bytes: Cow<'static, [u8]>,
    /// Its content type.
    pub content_type: &'static str,
    /// Changes when the content does; quoted, as `ETag` wants it.
    pub tag: String,
}

/// The file with a path under `assets/`.
pub fn file(path: &str) -> Option<WebFile> {
    let found = Assets::get(path)?;
    let hash = found.metadata.sha256_hash();
    let tag: String = hash[..12].iter().map(|byte| format!("{byte:02x}")).collect();
    let content_type = match path.rsplit('.').next()? {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "json" => "application/json",
        _ => "application/octet-stream",
    };
    Some(WebFile { bytes: found.data, content_type, tag: format!("\"{tag}\"") })
}

/// What the demo page offers. Only ever given in the demo, because it carries signatures.
#[derive(Debug, Clone, Default, Serialize)]
pub struct DemoPage {
    /// Sample customers to talk as.
    pub customers: Vec<DemoCustomer>,
    /// Example questions.
    pub questions: Vec<String>,
    /// Products on the page's shelf.
    pub products: Vec<DemoProduct>,
    /// Where the example of a shop's own system answers, if one runs.
    pub system: Option<String>,
}

/// A sample customer.
#[derive(Debug, Clone, Default, Serialize)]
pub struct DemoCustomer {
    /// The id.
    pub id: String,
    /// The name.
    pub name: String,
    /// What is interesting about this customer: "订单在途，物流三天没动".
    pub about: String,
    /// The signature of the id under the demo shop's secret.
    pub signature: String,
    /// Questions this customer would ask; the page's own if there are none.
    pub questions: Vec<String>,
    /// The orders.
    pub orders: Vec<DemoOrder>,
}

/// An order of a sample customer.
#[derive(Debug, Clone, Default, Serialize)]
pub struct DemoOrder {
    /// The id.
    pub id: String,
    /// The first product in it.
    pub product: Option<String>,
    /// The titles of what is in it.
    pub title: String,
    /// The status: `paid`, `in_transit`, …
    pub status: String,
    /// The status as it is shown.
    pub status_text: String,
    /// What was paid, as it is shown: "269.00".
    pub total: String,
    /// When it was placed, in shop time.
    pub placed_at: Option<String>,
}

/// A product on the page's shelf.
#[derive(Debug, Clone, Default, Serialize)]
pub struct DemoProduct {
    /// The id.
    pub id: String,
    /// The title.
    pub title: String,
    /// The price as it is shown: "269.00".
    pub price: String,
    /// What it is, in a few sentences.
    pub description: String,
    /// How many there are, if the shop counts them.
    pub stock: Option<i64>,
    /// Its attributes.
    pub attributes: Vec<DemoFact>,
}

/// An attribute of a product: "面料", "100%棉".
#[derive(Debug, Clone, Serialize)]
pub struct DemoFact {
    /// What.
    pub name: String,
    /// How it is.
    pub value: String,
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn pages_load_only_what_is_embedded() {
        for page in ["demo.html", "desk.html"] {
            let html = String::from_utf8(file(page).expect(page).bytes.into_owned()).unwrap();
            assert!(!html.contains("://"), "{page} names another host");
            assert!(!html.contains("<style") && !html.contains(" style="), "{page} has inline style");
            for part in html.split(['"', '\'']).filter(|part| part.starts_with("/assets/")) {
                assert!(file(part.trim_start_matches("/assets/")).is_some(), "{page} loads {part}");
            }
        }
    }

    #[test]
    fn the_widget_is_small() {
        let bytes = file("widget.js").expect("widget.js").bytes;
        let mut compressed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        compressed.write_all(&bytes).unwrap();
        let size = compressed.finish().unwrap().len();
        // As a shop's proxy sends it. The browser suite measures it once more as it comes out of a server.
        assert!(size < 20_500, "the widget has {size} bytes when compressed");
    }

    #[test]
    fn texts_from_outside_become_text_nodes() {
        let scripts: Vec<_> = Assets::iter().filter(|path| path.ends_with(".js")).collect();
        assert!(scripts.len() > 20, "the desk's modules are embedded: {scripts:?}");
        for script in scripts {
            let text = String::from_utf8(file(&script).expect("listed").bytes.into_owned()).unwrap();
            for forbidden in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("] {
                assert!(!text.contains(forbidden), "{script} uses {forbidden}");
            }
        }
    }

    #[test]
    fn modules_load_only_what_is_embedded() {
        for script in Assets::iter().filter(|path| path.ends_with(".js")) {
            let text = String::from_utf8(file(&script).expect("listed").bytes.into_owned()).unwrap();
            for part in text.split('"').filter(|part| part.starts_with("/assets/")) {
                assert!(file(part.trim_start_matches("/assets/")).is_some(), "{script} loads {part}");
            }
        }
    }
}
