//! Multipart bodies: fields and files, streamed to the object store with bounded memory.
//!
//! Nothing stays that is not vouched for: what was stored is removed when the request is refused, repeats an earlier
//! one, or breaks off.

mod form;
mod names;
mod receive;
mod storing;
mod streaming;
mod submission;
mod trial;

pub use form::{Form, NamedFile};
pub use receive::receive;
pub use storing::Storing;
pub use submission::{Checked, check, new_task, upload_row};
pub use trial::{FileInMemory, too_large as file_too_large_for_trial};
