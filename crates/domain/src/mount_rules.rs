//! The decision what a mount does to a table, given what is there: pure, and shared by every store.

use serde_json::Value;

use crate::ids::TaskId;
use crate::mount::{ConflictPolicy, MountIntent, MountRejection};
use crate::pointer::JsonPointer;

/// What stands at the container's pointer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Container {
    /// Nothing (or `null`, which counts as nothing).
    Missing,
    /// An object, written or implied by deeper segments.
    Object,
    /// An array; it lives inside one segment.
    Array,
    /// A scalar at this pointer (the container itself or something above it), or an array above the container.
    Blocked(JsonPointer),
}

/// What stands at the mount's own pointer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Occupant {
    /// Nothing.
    Free,
    /// A segment that this very task mounted.
    Own,
    /// Anything else: another mount, a value written directly, or deeper segments.
    Other,
}

/// What a mount does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Write a new segment at this pointer.
    Insert(JsonPointer),
    /// Remove whatever is at and below this pointer, then write a segment there.
    Replace(JsonPointer),
    /// Append the value to the array at the container's pointer.
    Append,
    /// Record the mount as skipped.
    Skip(JsonPointer),
    /// Look at the next candidate key.
    TryNextKey,
    /// Refuse.
    Reject(MountRejection),
}

/// Classifies a container by the covering segment's value and whether segments lie below the container.
///
/// `covering` is the deepest segment at or above `container`, with its pointer.
pub fn classify_container(
    container: &JsonPointer,
    covering: Option<(&JsonPointer, &Value)>,
    segments_below: bool,
) -> Container {
    let implied = if segments_below { Container::Object } else { Container::Missing };
    let Some((base, document)) = covering else { return implied };
    let Some(rest) = container.strip_prefix(base) else { return implied };
    let mut here = document;
    let mut at = base.clone();
    for token in rest.tokens() {
        let child = match here {
            Value::Null => None,
            Value::Object(members) => members.get(&token),
            // An array lives inside one segment, so no segment can sit below one of its elements.
            _ => return Container::Blocked(at),
        };
        let Some(child) = child else { return implied };
        here = child;
        at = at.join(&token).unwrap_or(at);
    }
    match here {
        Value::Null => implied,
        Value::Object(_) => Container::Object,
        Value::Array(_) => Container::Array,
        _ => Container::Blocked(at),
    }
}

/// The candidate key of a rename: `key`, then `key-2`, `key-3`, …
pub fn candidate_key(key: &str, try_number: u32) -> String {
    if try_number <= 1 { key.to_owned() } else { format!("{key}-{try_number}") }
}

/// Decides for one candidate key.
pub fn decide(intent: &MountIntent, candidate: &str, container: &Container, occupant: Occupant) -> Decision {
    let pointer = match intent.json_path.join(candidate) {
        Ok(pointer) => pointer,
        Err(error) => return Decision::Reject(MountRejection::InvalidPointer(error.to_string())),
    };
    match container {
        Container::Blocked(at) => return Decision::Reject(MountRejection::ParentNotContainer(at.clone())),
        Container::Missing if !intent.create_missing && !intent.json_path.is_root() => {
            return Decision::Reject(MountRejection::ParentMissing(intent.json_path.clone()));
        }
        Container::Array => return Decision::Append,
        Container::Missing | Container::Object => {}
    }
    match (occupant, intent.conflict) {
        (Occupant::Free, _) => Decision::Insert(pointer),
        (Occupant::Own, _) | (Occupant::Other, ConflictPolicy::Overwrite) => Decision::Replace(pointer),
        (Occupant::Other, ConflictPolicy::Error) => Decision::Reject(MountRejection::KeyExists(pointer)),
        (Occupant::Other, ConflictPolicy::Skip) => Decision::Skip(pointer),
        (Occupant::Other, ConflictPolicy::Rename) => Decision::TryNextKey,
    }
}

/// Who stands at a pointer, from the segment there (if any), deeper segments, and the covering value's member.
pub fn occupant(
    task: TaskId,
    exact_segment: Option<Option<TaskId>>,
    segments_below: bool,
    written_value: bool,
) -> Occupant {
    match exact_segment {
        Some(Some(owner)) if owner == task => Occupant::Own,
        Some(_) => Occupant::Other,
        None if segments_below || written_value => Occupant::Other,
        None => Occupant::Free,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use serde_json::value::RawValue;

    use super::*;
    use crate::ids::{ProjectId, TableId, UserId};
    use crate::mount::MountTable;

    fn at(text: &str) -> JsonPointer {
        JsonPointer::parse(text).expect("valid")
    }

    fn intent(conflict: ConflictPolicy, create_missing: bool) -> MountIntent {
        MountIntent {
            task_id: TaskId::new(1).expect("id"),
            user_id: UserId::new(1).expect("id"),
            project_id: ProjectId::new(1).expect("id"),
            table: MountTable::Existing(TableId::new(1).expect("id")),
            json_path: at("/data"),
            key: "k".into(),
            conflict,
            create_missing,
            value: RawValue::from_string("1".into()).expect("json").into(),
            automatic: false,
        }
    }

    #[test]
    fn containers_are_told_apart() {
        let check = |document: Value, below: bool, expected: Container| {
            assert_eq!(classify_container(&at("/a/b"), Some((&at(""), &document)), below), expected, "{document}");
        };
        check(json!({}), false, Container::Missing);
        check(json!({}), true, Container::Object);
        check(json!({"a": null}), false, Container::Missing);
        check(json!({"a": {"b": {}}}), false, Container::Object);
        check(json!({"a": {"b": []}}), false, Container::Array);
        check(json!({"a": {"b": 1}}), false, Container::Blocked(at("/a/b")));
        check(json!({"a": 1}), false, Container::Blocked(at("/a")));
        check(json!({"a": [1]}), false, Container::Blocked(at("/a")));
        assert_eq!(
            classify_container(&at("/a/0"), Some((&at(""), &json!({"a": [{}]}))), false),
            Container::Blocked(at("/a")),
            "a segment below an element would turn the array into an object"
        );
        assert_eq!(classify_container(&at("/a"), None, false), Container::Missing);
    }

    #[test]
    fn each_policy_has_its_way_with_a_taken_key() {
        let check = |policy, occupant, expected| {
            assert_eq!(decide(&intent(policy, true), "k", &Container::Object, occupant), expected)
        };
        check(ConflictPolicy::Error, Occupant::Other, Decision::Reject(MountRejection::KeyExists(at("/data/k"))));
        check(ConflictPolicy::Overwrite, Occupant::Other, Decision::Replace(at("/data/k")));
        check(ConflictPolicy::Skip, Occupant::Other, Decision::Skip(at("/data/k")));
        check(ConflictPolicy::Rename, Occupant::Other, Decision::TryNextKey);
        for policy in ConflictPolicy::ALL {
            check(policy, Occupant::Own, Decision::Replace(at("/data/k")));
            check(policy, Occupant::Free, Decision::Insert(at("/data/k")));
        }
    }

    #[test]
    fn containers_decide_before_keys() {
        let check = |create_missing, container, expected| {
            assert_eq!(
                decide(&intent(ConflictPolicy::Overwrite, create_missing), "k", &container, Occupant::Free),
                expected
            );
        };
        check(true, Container::Missing, Decision::Insert(at("/data/k")));
        check(false, Container::Missing, Decision::Reject(MountRejection::ParentMissing(at("/data"))));
        check(true, Container::Array, Decision::Append);
        check(true, Container::Blocked(at("/data")), Decision::Reject(MountRejection::ParentNotContainer(at("/data"))));
    }
}
