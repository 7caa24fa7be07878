//! The doors: thin handlers over the conversation, store and knowledge; the only module that knows status codes.
