//! The list of all behaviours, and the macro that makes tests of them.

/// Makes one test of every behaviour of the contract. `$make` is an `async fn() -> Fixture` in the calling module, asked
/// for a fresh fixture by every test.
#[macro_export]
macro_rules! contract_suite {
    ($make:ident) => {
        $crate::contract_tests! {
            $make
            identity: [
                a_subject_is_one_user,
                concurrent_first_sights_agree,
                users_are_found_by_id,
                api_keys_are_found_by_hash,
                a_second_key_with_the_same_hash_is_refused,
                api_keys_are_listed_in_pages,
                revoking_twice_changes_nothing,
                strangers_do_not_revoke,
                a_valid_key_is_noticed,
                the_last_use_is_noted,
                a_repeated_key_request_stores_nothing,
            ]
            idempotency: [
                a_receipt_is_found_as_it_was_answered,
                keys_are_per_user_and_operation,
                an_expired_receipt_is_as_none,
                a_sweep_forgets_what_has_expired,
                concurrent_repeats_work_once,
            ]
            projects: [
                a_project_is_stored_as_given,
                an_update_replaces_name_and_description,
                strangers_see_no_project,
                projects_are_listed_in_pages,
                an_empty_project_can_be_removed,
                a_project_in_use_stays,
                a_project_can_be_removed_after_its_table,
                a_repeated_project_request_stores_nothing,
            ]
            rules: [
                a_rule_is_stored_as_version_one,
                several_rules_are_stored_all_or_none,
                an_update_makes_the_next_version,
                versions_are_listed_in_pages,
                concurrent_updates_lose_no_version,
                a_deleted_rule_keeps_its_versions,
                the_builtin_rule_is_everybodys,
                strangers_see_no_rule,
                rules_are_listed_in_pages,
                a_repeated_rule_request_stores_nothing,
            ]
            providers: [
                a_provider_is_stored_as_given,
                names_of_providers_are_unique,
                a_provider_changes,
                strangers_see_no_provider,
                providers_are_listed_in_pages,
                a_repeated_provider_request_stores_nothing,
            ]
            uploads: [
                uploads_are_stored_as_given,
                uploads_are_stored_all_or_none,
                strangers_see_no_upload,
                the_newest_upload_of_a_name_is_found,
                upload_ids_are_taken_once,
                a_repeated_upload_request_stores_nothing,
                a_later_artifact_replaces_that_of_its_kind,
                unknown_objects_are_told_apart,
                a_parse_is_found_by_its_key,
                a_later_parse_replaces_the_key,
            ]
            nodes: [
                every_start_is_a_new_incarnation,
                a_new_incarnation_takes_the_lease,
                a_lapsed_lease_is_lost,
                a_released_lease_is_over,
                a_store_that_works_answers,
            ]
            admission: [
                task_ids_are_taken_once,
                a_task_is_stored_as_given,
                a_born_failed_task_is_terminal_and_unowned,
                outcomes_are_in_order,
                a_receipt_is_rendered_from_the_stored_tasks,
                a_repeated_admission_stores_nothing,
                a_key_twice_in_one_batch_is_stored_once,
                concurrent_admissions_with_one_key_store_once,
                a_broken_reference_stores_nothing,
                strangers_see_no_task,
            ]
            lifecycle: [
                progress_is_seen,
                stale_progress_says_stop,
                a_pending_task_is_cancelled_at_once,
                a_running_task_is_asked_to_stop,
                a_live_state_counts_when_cancelling,
                an_ended_task_is_not_cancelled,
                strangers_do_not_cancel_or_reopen,
                a_repeated_cancel_request_changes_nothing,
                a_refused_request_leaves_no_receipt,
                an_ended_task_starts_over,
                an_open_task_is_not_reopened,
                a_repeated_reopen_request_changes_nothing,
            ]
            finishing: [
                a_completed_task_reports_its_result,
                a_failed_task_reports_its_error,
                a_retried_task_waits_with_its_owner,
                a_released_task_is_nobodys,
                what_models_took_is_kept,
                a_stale_finish_changes_nothing,
                artifacts_are_recorded_before_the_end,
                a_repeated_batch_is_stale,
                a_task_twice_in_one_batch_ends_once,
                a_cancel_request_is_never_lost,
                a_mount_commits_with_the_end,
                a_rejected_mount_leaves_its_neighbours_alone,
                a_large_batch_ends_in_order,
            ]
            recovery: [
                a_restart_takes_its_own_tasks_back,
                a_running_task_comes_back_pending,
                lapsed_nodes_lose_their_tasks,
                unowned_tasks_are_taken_when_due,
                concurrent_takers_share,
                a_cancelling_task_ends_as_cancelled,
                stale_starts_are_not_recorded,
                a_poison_task_ends_as_failed,
                a_recorded_start_counts_once,
            ]
            task_lists: [
                keyset_pages_show_each_task_once,
                offset_pages_are_slices,
                tasks_are_filtered_by_status,
                tasks_are_filtered_by_project_kind_and_time,
                tasks_are_filtered_by_part_of_the_name,
                strangers_tasks_are_not_listed,
                an_overlay_decides_the_status,
            ]
            tables: [
                a_table_is_stored_as_given,
                a_table_needs_a_project_of_ones_own,
                an_update_leaves_the_data,
                strangers_see_no_table,
                tables_are_listed_in_pages,
                a_deleted_table_takes_everything_with_it,
                a_repeated_table_request_stores_nothing,
            ]
            table_data: [
                values_are_read_at_their_pointers,
                the_root_can_be_anything,
                writes_change_the_document_in_place,
                impossible_writes_are_refused,
                mounts_read_as_part_of_the_document,
                objects_are_read_in_pages,
                many_mounts_are_read_in_pages,
                a_write_over_a_mount_replaces_it,
                a_removal_takes_what_is_at_and_below,
                a_removal_ends_the_automatic_mount,
                concurrent_writes_lose_nothing,
            ]
            mounts: [
                a_mount_is_recorded,
                a_mount_needs_a_table_of_ones_own,
                a_mount_stays_in_its_project,
                an_endless_pointer_is_refused,
                the_same_task_mounts_once,
                a_mount_keeps_its_key,
                a_task_mounts_in_several_places,
                mounts_are_listed_in_pages,
                a_retry_makes_no_second_table,
                a_retry_after_the_table_was_deleted_makes_one,
                an_unmount_takes_out_its_own_value,
                an_unmount_clears_the_tasks_own_mount,
                strangers_do_not_unmount,
                a_repeated_mount_request_changes_nothing,
                a_rejected_mount_leaves_no_receipt,
                concurrent_mounts_lose_nothing,
            ]
            mount_policies: [
                each_policy_has_its_way_with_each_occupant,
                containers_decide_before_keys,
                renames_count_on,
                a_skipped_mount_can_be_made_good,
                an_overwritten_mount_takes_deeper_ones_with_it,
                a_mount_written_over_is_no_longer_the_tasks_own,
                elements_go_with_the_value_they_were_mounted_in,
            ]
            array_mounts: [
                arrays_take_mounts_at_the_end,
                members_behind_an_unmounted_one_move_up,
                members_behind_a_removed_one_move_up,
                a_member_changed_by_hand_stays,
                members_move_up_in_any_array,
                an_automatic_mount_is_found_after_it_moved,
                concurrent_unmounts_take_out_their_own,
            ]
            events: [
                events_are_read_in_order,
                events_are_filtered,
                changes_of_data_leave_events,
                admission_and_progress_leave_no_event,
            ]
            usage: [
                what_is_set_aside_counts_until_it_is_settled,
                a_first_request_over_the_limit_is_refused,
                concurrent_reservations_keep_the_limit,
                projects_and_days_are_apart,
                use_is_told_by_day_and_model,
                strangers_see_no_usage,
                usage_goes_with_its_project,
            ]
        }
    };
}

/// Expands the list of [`contract_suite!`]; of no use by itself.
#[doc(hidden)]
#[macro_export]
macro_rules! contract_tests {
    ($make:ident $($module:ident: [$($behaviour:ident,)+])+) => {
        $(mod $module {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $behaviour() {
                let fixture = super::$make().await;
                $crate::testing::contract::$module::$behaviour(&fixture.subject()).await;
            })+
        })+
    };
}

#[cfg(test)]
mod tests {
    /// The source of every module with behaviours.
    const SOURCES: [&str; 19] = [
        include_str!("identity.rs"),
        include_str!("idempotency.rs"),
        include_str!("projects.rs"),
        include_str!("rules.rs"),
        include_str!("providers.rs"),
        include_str!("uploads.rs"),
        include_str!("nodes.rs"),
        include_str!("admission.rs"),
        include_str!("lifecycle.rs"),
        include_str!("finishing.rs"),
        include_str!("recovery.rs"),
        include_str!("task_lists.rs"),
        include_str!("tables.rs"),
        include_str!("table_data.rs"),
        include_str!("mounts.rs"),
        include_str!("mount_policies.rs"),
        include_str!("array_mounts.rs"),
        include_str!("events.rs"),
        include_str!("usage.rs"),
    ];

    #[test]
    fn every_behaviour_is_listed_once() {
        let list = include_str!("suite.rs");
        let mut count = 0;
        for source in SOURCES {
            let names = source.lines().filter_map(|line| line.strip_prefix("pub async fn ")?.split('(').next());
            for name in names {
                let entries = list.lines().filter(|line| line.trim() == format!("{name},")).count();
                assert_eq!(entries, 1, "{name}");
                count += 1;
            }
        }
        assert!(count >= 60, "{count}");
    }
}
