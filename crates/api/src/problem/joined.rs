//! Several checks of one request: all are made, and every place that is wrong is told.

use super::Problem;

/// Checks whose outcomes belong together: a tuple of results.
pub trait Checks {
    /// What they give if all are well.
    type Good;

    /// Everything, or one problem with the places of all.
    fn join(self) -> Result<Self::Good, Problem>;
}

/// Makes one outcome of several checks of the same request.
///
/// # Errors
/// The first problem, with the places of the others.
pub fn all<C: Checks>(checks: C) -> Result<C::Good, Problem> {
    checks.join()
}

impl Problem {
    /// Adds a check's problem to those before it.
    pub fn collect(all: &mut Option<Self>, next: Self) {
        *all = Some(match all.take() {
            Some(first) => first.with_places_of(next),
            None => next,
        });
    }
}

macro_rules! checks {
    ($($name:ident: $good:ident),+) => {
        impl<$($good),+> Checks for ($(Result<$good, Problem>,)+) {
            type Good = ($($good,)+);

            fn join(self) -> Result<Self::Good, Problem> {
                let ($($name,)+) = self;
                match ($($name,)+) {
                    ($(Ok($name),)+) => Ok(($($name,)+)),
                    ($($name,)+) => {
                        let mut refused = None;
                        $(if let Err(problem) = $name {
                            Problem::collect(&mut refused, problem);
                        })+
                        // One of them is an error, or the first arm would have been taken.
                        Err(refused.unwrap_or_else(|| Problem::new("internal", "a check failed without a reason")))
                    }
                }
            }
        }
    };
}

checks!(a: A, b: B);
checks!(a: A, b: B, c: C);
checks!(a: A, b: B, c: C, d: D);
checks!(a: A, b: B, c: C, d: D, e: E);
checks!(a: A, b: B, c: C, d: D, e: E, f: F);

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(code: &str, place: &str) -> Problem {
        Problem::new(code, format!("{place} is wrong")).at(place)
    }

    #[test]
    fn every_place_is_told_in_order() {
        assert_eq!(all((Ok(1), Ok("b"))).expect("well"), (1, "b"));
        let problem = all((
            Err::<(), _>(wrong("invalid_pointer", "/json_path")),
            Ok(2),
            Err::<(), _>(wrong("invalid_value", "/priority")),
        ))
        .expect_err("two are wrong");
        assert_eq!((problem.code(), problem.detail()), ("invalid_pointer", "/json_path is wrong"));
        assert_eq!(problem.pointers(), ["/json_path", "/priority"]);
    }
}
