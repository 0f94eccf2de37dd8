//! What projects use of language models.

use chrono::{Days, NaiveDate};
use millrace_domain::ProjectId;
use millrace_domain::usage::{DailyUse, Reservation, TokenUse};

use super::{Account, Subject, refused};
use crate::{Clash, RepositoryError};

fn today(s: &Subject<'_>) -> NaiveDate {
    s.now().date_naive()
}

async fn reserve(s: &Subject<'_>, account: Account, tokens: u64, limit: Option<u64>) -> Option<Reservation> {
    s.stores.usage.reserve(account.project, today(s), tokens, limit).await.expect("answered")
}

async fn used_today(s: &Subject<'_>, account: Account) -> Option<TokenUse> {
    let days = s.stores.usage.daily(account.user, account.project, today(s), today(s)).await.expect("read");
    days.first().map(|day| day.used)
}

/// Tokens set aside count until they are settled; then what was used counts, with its costs.
pub async fn what_is_set_aside_counts_until_it_is_settled(s: &Subject<'_>) {
    let account = s.account().await;
    assert_eq!(used_today(s, account).await, None);
    let first = reserve(s, account, 60, Some(100)).await.expect("within the limit");
    assert_eq!((first.project, first.day, first.tokens), (account.project, today(s), 60));
    assert_eq!(used_today(s, account).await, Some(TokenUse { tokens: 60, cost_usd: 0.0 }));
    assert_eq!(reserve(s, account, 41, Some(100)).await, None);
    s.stores.usage.settle(&first, TokenUse { tokens: 10, cost_usd: 0.25 }).await.expect("settled");
    assert_eq!(used_today(s, account).await, Some(TokenUse { tokens: 10, cost_usd: 0.25 }));
    let second = reserve(s, account, 90, Some(100)).await.expect("as much as is left");
    // A request may take more than was expected.
    s.stores.usage.settle(&second, TokenUse { tokens: 95, cost_usd: 0.5 }).await.expect("settled");
    assert_eq!(used_today(s, account).await, Some(TokenUse { tokens: 105, cost_usd: 0.75 }));
    assert_eq!(reserve(s, account, 1, Some(100)).await, None);
    assert!(reserve(s, account, 1, None).await.is_some());
}

/// More than the limit is refused at once, and leaves nothing behind.
pub async fn a_first_request_over_the_limit_is_refused(s: &Subject<'_>) {
    let account = s.account().await;
    assert_eq!(reserve(s, account, 101, Some(100)).await, None);
    assert_eq!(used_today(s, account).await, None);
    assert!(reserve(s, account, 100, Some(100)).await.is_some());
}

/// Many at once never take more than the limit together.
pub async fn concurrent_reservations_keep_the_limit(s: &Subject<'_>) {
    let account = s.account().await;
    let attempts = (0..20).map(|_| reserve(s, account, 10, Some(75)));
    let granted = futures::future::join_all(attempts).await.into_iter().flatten().count();
    assert_eq!(granted, 7);
    assert_eq!(used_today(s, account).await.map(|used| used.tokens), Some(70));
}

/// Every project and every day has its own count; days are read in order.
pub async fn projects_and_days_are_apart(s: &Subject<'_>) {
    let (account, other) = (s.account().await, s.account().await);
    let tomorrow = today(s).checked_add_days(Days::new(1)).expect("a day");
    let _ = reserve(s, account, 5, None).await;
    let _ = s.stores.usage.reserve(account.project, tomorrow, 7, Some(7)).await.expect("answered").expect("a new day");
    let _ = reserve(s, other, 9, None).await;
    let days = s.stores.usage.daily(account.user, account.project, today(s), tomorrow).await.expect("read");
    let day = |day, tokens| DailyUse { day, used: TokenUse { tokens, cost_usd: 0.0 } };
    assert_eq!(days, [day(today(s), 5), day(tomorrow, 7)]);
    assert_eq!(s.stores.usage.daily(account.user, account.project, tomorrow, today(s)).await.expect("read"), []);
}

/// Somebody else's project has no usage.
pub async fn strangers_see_no_usage(s: &Subject<'_>) {
    let (account, stranger) = (s.account().await, s.account().await);
    let _ = reserve(s, account, 5, None).await;
    let days = s.stores.usage.daily(stranger.user, account.project, today(s), today(s)).await.expect("read");
    assert_eq!(days, []);
}

/// Usage goes with its project; what is settled later is for nobody.
pub async fn usage_goes_with_its_project(s: &Subject<'_>) {
    let account = s.account().await;
    let reserved = reserve(s, account, 5, None).await.expect("no limit");
    s.stores.projects.delete(account.user, account.project).await.expect("removed");
    s.stores.usage.settle(&reserved, TokenUse { tokens: 5, cost_usd: 1.0 }).await.expect("nothing to do");
    assert_eq!(used_today(s, account).await, None);
    let nowhere: ProjectId = account.project;
    refused!(s.stores.usage.reserve(nowhere, today(s), 1, None).await, RepositoryError::Conflict(Clash::Reference));
}
