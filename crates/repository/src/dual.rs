//! Hot memory over a cold store.
