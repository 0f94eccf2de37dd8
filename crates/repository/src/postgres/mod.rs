//! PostgreSQL through diesel-async.
