//! The only module that knows how text is generated: cards and download, engine thread, sampling, chat template.
