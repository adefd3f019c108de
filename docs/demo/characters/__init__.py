"""The demo's application: every named Unicode character as an object in a store."""
