//! Properties of the state machine over random event sequences.

use proptest::prelude::*;

use super::*;

fn any_event() -> impl Strategy<Value = TaskEvent> {
    let stage = prop_oneof![Just(Stage::Parse), Just(Stage::Transform), Just(Stage::Mount), Just(Stage::Run)];
    prop_oneof![
        stage.clone().prop_map(TaskEvent::Start),
        stage.prop_map(TaskEvent::Advance),
        Just(TaskEvent::Complete),
        Just(TaskEvent::Fail),
        Just(TaskEvent::Requeue),
        Just(TaskEvent::RequestCancel),
        Just(TaskEvent::ConfirmCancel),
        Just(TaskEvent::Reopen),
    ]
}

fn any_kind() -> impl Strategy<Value = TaskKind> {
    prop_oneof![Just(TaskKind::Document), Just(TaskKind::Load), Just(TaskKind::Query)]
}

proptest! {
    #[test]
    fn an_ended_task_moves_only_when_reopened(kind in any_kind(), events in proptest::collection::vec(any_event(), 0..40)) {
        let mut state = TaskState::Pending;
        for event in events {
            match step(kind, state, event) {
                Ok(next) => {
                    prop_assert!(!state.is_terminal() || event == TaskEvent::Reopen);
                    prop_assert!(next != TaskState::Completed || matches!(state, TaskState::Active(_)));
                    if let TaskState::Active(stage) = next {
                        prop_assert!(stage.belongs_to(kind));
                    }
                    state = next;
                }
                Err(error) => prop_assert_eq!(error, IllegalTransition { from: state, event }),
            }
        }
    }

    #[test]
    fn stages_only_go_forward_within_an_attempt(events in proptest::collection::vec(any_event(), 0..40)) {
        let mut state = TaskState::Pending;
        for event in events {
            let Ok(next) = step(TaskKind::Document, state, event) else { continue };
            if let (TaskState::Active(before), TaskState::Active(after)) = (state, next) {
                prop_assert!(after > before);
            }
            state = next;
        }
    }

    #[test]
    fn a_cancel_request_is_never_lost(kind in any_kind(), events in proptest::collection::vec(any_event(), 0..40)) {
        let mut state = TaskState::Pending;
        for event in events {
            let Ok(next) = step(kind, state, event) else { continue };
            if state == TaskState::Cancelling {
                prop_assert!(matches!(next, TaskState::Cancelling | TaskState::Cancelled));
            }
            state = next;
        }
    }
}

#[test]
fn every_status_text_reads_back() {
    for text in STATUSES {
        assert_eq!(TaskState::from_status(text).map(TaskState::as_str), Some(text));
    }
    assert_eq!(TaskState::from_status("done"), None);
}

#[test]
fn loads_have_no_parse_stage() {
    assert!(step(TaskKind::Load, TaskState::Pending, TaskEvent::Start(Stage::Parse)).is_err());
    assert_eq!(
        step(TaskKind::Load, TaskState::Pending, TaskEvent::Start(Stage::Run)),
        Ok(TaskState::Active(Stage::Run))
    );
}
