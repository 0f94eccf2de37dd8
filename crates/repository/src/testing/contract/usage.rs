//! What projects use of language models.

use chrono::{Days, NaiveDate};
use millrace_domain::ProjectId;
use millrace_domain::usage::{CountedDay, ModelDay, ModelName, Reservation, TokenUse};

use super::{Account, Subject, refused};
use crate::{Clash, RepositoryError};

fn today(s: &Subject<'_>) -> NaiveDate {
    s.now().date_naive()
}

async fn reserve(s: &Subject<'_>, account: Account, tokens: u64, limit: Option<u64>) -> Option<Reservation> {
    s.stores.usage.reserve(account.project, today(s), tokens, limit).await.expect("answered")
}

async fn counted_today(s: &Subject<'_>, account: Account) -> Option<u64> {
    let days = s.stores.usage.counted(account.user, account.project, today(s), today(s)).await.expect("read");
    days.first().map(|day| day.tokens)
}

async fn settle(s: &Subject<'_>, reservation: &Reservation, name: &ModelName, used: TokenUse) {
    s.stores.usage.settle(reservation, name, used).await.expect("settled");
}

async fn by_model(s: &Subject<'_>, account: Account, from: NaiveDate, to: NaiveDate) -> Vec<ModelDay> {
    s.stores.usage.by_model(account.user, account.project, from, to).await.expect("read")
}

fn name(provider: &str, model: &str) -> ModelName {
    ModelName { provider: provider.to_owned(), model: model.to_owned() }
}

fn used(input_tokens: u64, output_tokens: u64, cost_usd: f64) -> TokenUse {
    TokenUse { requests: 1, input_tokens, output_tokens, cost_usd }
}

/// Tokens set aside count until they are settled; then what was used counts.
pub async fn what_is_set_aside_counts_until_it_is_settled(s: &Subject<'_>) {
    let account = s.account().await;
    let model = name("p", "m");
    assert_eq!(counted_today(s, account).await, None);
    let first = reserve(s, account, 60, Some(100)).await.expect("within the limit");
    assert_eq!((first.project, first.day, first.tokens), (account.project, today(s), 60));
    assert_eq!(counted_today(s, account).await, Some(60));
    assert_eq!(reserve(s, account, 41, Some(100)).await, None);
    assert_eq!(by_model(s, account, today(s), today(s)).await, []);
    settle(s, &first, &model, used(6, 4, 0.25)).await;
    assert_eq!(counted_today(s, account).await, Some(10));
    let second = reserve(s, account, 90, Some(100)).await.expect("as much as is left");
    // A request may take more than was expected.
    settle(s, &second, &model, used(90, 5, 0.5)).await;
    assert_eq!(counted_today(s, account).await, Some(105));
    assert_eq!(reserve(s, account, 1, Some(100)).await, None);
    assert!(reserve(s, account, 1, None).await.is_some());
}

/// What was used is added up by day, provider and model; what was not used leaves no trace.
pub async fn use_is_told_by_day_and_model(s: &Subject<'_>) {
    let account = s.account().await;
    let tomorrow = today(s).checked_add_days(Days::new(1)).expect("a day");
    for (day, model, used) in [
        (tomorrow, name("a", "m"), used(1, 2, 0.0)),
        (today(s), name("b", "m"), used(10, 20, 0.5)),
        (today(s), name("a", "n"), used(3, 4, 0.25)),
        (today(s), name("b", "m"), used(100, 200, 0.5)),
        (today(s), name("a", "m"), TokenUse::default()),
        // Answered with an error: a request without tokens.
        (today(s), name("a", "Z"), used(0, 0, 0.0)),
    ] {
        let reserved = s.stores.usage.reserve(account.project, day, 5, None).await.expect("answered");
        settle(s, &reserved.expect("no limit"), &model, used).await;
    }
    let day = |day, model, used| ModelDay { day, model, used };
    let both = TokenUse { requests: 2, input_tokens: 110, output_tokens: 220, cost_usd: 1.0 };
    let expected = [
        day(today(s), name("a", "Z"), used(0, 0, 0.0)),
        day(today(s), name("a", "n"), used(3, 4, 0.25)),
        day(today(s), name("b", "m"), both),
        day(tomorrow, name("a", "m"), used(1, 2, 0.0)),
    ];
    assert_eq!(by_model(s, account, today(s), tomorrow).await, expected);
    assert_eq!(by_model(s, account, tomorrow, tomorrow).await, expected[3..]);
    assert_eq!(by_model(s, account, tomorrow, today(s)).await, []);
}

/// More than the limit is refused at once, and leaves nothing behind.
pub async fn a_first_request_over_the_limit_is_refused(s: &Subject<'_>) {
    let account = s.account().await;
    assert_eq!(reserve(s, account, 101, Some(100)).await, None);
    assert_eq!(counted_today(s, account).await, None);
    assert!(reserve(s, account, 100, Some(100)).await.is_some());
}

/// Many at once never take more than the limit together.
pub async fn concurrent_reservations_keep_the_limit(s: &Subject<'_>) {
    let account = s.account().await;
    let attempts = (0..20).map(|_| reserve(s, account, 10, Some(75)));
    let granted = futures::future::join_all(attempts).await.into_iter().flatten().count();
    assert_eq!(granted, 7);
    assert_eq!(counted_today(s, account).await, Some(70));
}

/// Every project and every day has its own count; days are read in order.
pub async fn projects_and_days_are_apart(s: &Subject<'_>) {
    let (account, other) = (s.account().await, s.account().await);
    let tomorrow = today(s).checked_add_days(Days::new(1)).expect("a day");
    let _ = reserve(s, account, 5, None).await;
    let _ = s.stores.usage.reserve(account.project, tomorrow, 7, Some(7)).await.expect("answered").expect("a new day");
    let _ = reserve(s, other, 9, None).await;
    let days = s.stores.usage.counted(account.user, account.project, today(s), tomorrow).await.expect("read");
    let day = |day, tokens| CountedDay { day, tokens };
    assert_eq!(days, [day(today(s), 5), day(tomorrow, 7)]);
    assert_eq!(s.stores.usage.counted(account.user, account.project, tomorrow, today(s)).await.expect("read"), []);
}

/// Somebody else's project has no usage.
pub async fn strangers_see_no_usage(s: &Subject<'_>) {
    let (account, stranger) = (s.account().await, s.account().await);
    let reserved = reserve(s, account, 5, None).await.expect("no limit");
    settle(s, &reserved, &name("p", "m"), used(1, 1, 0.0)).await;
    let days = s.stores.usage.counted(stranger.user, account.project, today(s), today(s)).await.expect("read");
    assert_eq!(days, []);
    let foreign = Account { user: stranger.user, ..account };
    assert_eq!(by_model(s, foreign, today(s), today(s)).await, []);
    assert_eq!(by_model(s, stranger, today(s), today(s)).await, []);
}

/// Usage goes with its project; what is settled later is for nobody.
pub async fn usage_goes_with_its_project(s: &Subject<'_>) {
    let account = s.account().await;
    let reserved = reserve(s, account, 5, None).await.expect("no limit");
    s.stores.projects.delete(account.user, account.project).await.expect("removed");
    settle(s, &reserved, &name("p", "m"), used(3, 2, 1.0)).await;
    assert_eq!(by_model(s, account, today(s), today(s)).await, []);
    assert_eq!(counted_today(s, account).await, None);
    let nowhere: ProjectId = account.project;
    refused!(s.stores.usage.reserve(nowhere, today(s), 1, None).await, RepositoryError::Conflict(Clash::Reference));
}
