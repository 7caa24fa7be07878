//! What a browser gets: the chat widget, the demo page and the desk page, embedded in the binary.
