//! Settings: one file, checked, with every default written down in `warmdesk.example.toml`.
