//! Ids in paths.

use std::future::{Ready, ready};
use std::str::FromStr;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use millrace_domain::{ApiKeyId, MountId, ProjectId, ProviderId, RuleId, TableId, TaskId};

use crate::problem::Problem;

/// An id that appears in paths.
pub trait PathId: FromStr + 'static {
    /// The name between the braces of the route's pattern.
    const NAME: &'static str;
}

macro_rules! path_ids {
    ($($id:ty = $name:literal),+ $(,)?) => {$(
        impl PathId for $id {
            const NAME: &'static str = $name;
        }
    )+};
}

path_ids! {
    ApiKeyId = "api_key_id",
    MountId = "mount_id",
    ProjectId = "project_id",
    ProviderId = "provider_id",
    RuleId = "rule_id",
    TableId = "table_id",
    TaskId = "task_id",
}

/// An id taken from the path.
#[derive(Debug, Clone, Copy)]
pub struct At<T>(pub T);

impl<T: PathId> FromRequest for At<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let id = request.match_info().get(T::NAME).and_then(|text| text.parse().ok()).map(At);
        ready(id.ok_or_else(|| {
            Problem::new("invalid_id", millrace_domain::InvalidId.to_string()).at(format!("/{}", T::NAME))
        }))
    }
}
