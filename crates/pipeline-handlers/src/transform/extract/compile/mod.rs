//! From a program to a plan: everything that the types of the language do not say is checked here.

mod selector;

use super::limits::ExtractLimits;
use super::matcher::{Matcher, fold};
use super::plan::{FieldPlan, Plan, Scalar, Shape, Source, StepPlan, escaped};
use super::program::{Field, Fields, Kind, Program, Step};
use crate::transform::locale::{Conventions, money};

/// Why a program cannot run, and where.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Bad {
    /// JSON Pointer inside the program.
    pub(super) pointer: String,
    pub(super) message: String,
}

type Checked<T> = Result<T, Bad>;

/// Checks a program.
///
/// # Errors
/// [`Bad`]: the first thing that cannot work.
pub(super) fn compile(program: &Program, limits: &ExtractLimits) -> Checked<Plan> {
    let base = Scalar {
        kind: Kind::String,
        steps: Vec::new(),
        conventions: Conventions::default(),
        formats: Vec::new(),
        currency: program.currency.clone(),
    };
    let mut compiler = Compiler { limits, fields: 0, labels: Vec::new(), base };
    if let Some(tag) = &program.locale {
        compiler.base.conventions = conventions(tag, "/locale")?;
    }
    currency(program.currency.as_deref(), "/currency")?;
    let each = program.each.as_ref().map(|each| compiler.alternatives(each, "/each")).transpose()?;
    let fields = compiler.fields(&program.fields, "/fields", 0)?;
    Ok(Plan { each, fields, labels: compiler.labels })
}

struct Compiler<'a> {
    limits: &'a ExtractLimits,
    fields: usize,
    labels: Vec<Matcher>,
    base: Scalar,
}

impl Compiler<'_> {
    fn fields(&mut self, fields: &Fields, at: &str, depth: usize) -> Checked<Vec<(String, FieldPlan)>> {
        if depth >= self.limits.max_depth {
            return bad(at, format!("there are more than {} levels of objects", self.limits.max_depth));
        }
        if fields.0.is_empty() {
            return bad(at, "an object has at least one field");
        }
        let mut plans = Vec::with_capacity(fields.0.len());
        for (name, field) in &fields.0 {
            let at = format!("{at}/{}", escaped(name));
            self.fields += 1;
            if self.fields > self.limits.max_fields {
                return bad(&at, format!("there are more than {} fields", self.limits.max_fields));
            }
            if name.contains('\0') {
                return bad(&at, "the name of a field holds the character U+0000");
            }
            plans.push((name.clone(), self.field(field, &at, depth)?));
        }
        Ok(plans)
    }

    fn field(&mut self, field: &Field, at: &str, depth: usize) -> Checked<FieldPlan> {
        let source = match (&field.from, &field.each) {
            (Some(_), Some(_)) => return bad(&format!("{at}/each"), "a field has `from` or `each`, not both"),
            (Some(from), None) => Source::First(self.alternatives(from, &format!("{at}/from"))?),
            (None, Some(each)) => Source::Each(self.alternatives(each, &format!("{at}/each"))?),
            (None, None) => Source::Context,
        };
        let shape = match &field.fields {
            Some(fields) => {
                no_scalar_options(field, at)?;
                Shape::Object(self.fields(fields, &format!("{at}/fields"), depth + 1)?)
            }
            None => Shape::Scalar(Box::new(self.scalar(field, at)?)),
        };
        if matches!((&source, &shape), (Source::Context, Shape::Scalar(_))) && field.default.is_none() {
            return bad(at, "a field has `from`, `each`, `fields` or `default`");
        }
        if field.required && field.default.is_some() {
            return bad(&format!("{at}/default"), "a required field has no default");
        }
        if field.default.as_ref().is_some_and(super::contains_nul) {
            return bad(&format!("{at}/default"), "it holds the character U+0000");
        }
        Ok(FieldPlan { source, shape, required: field.required, default: field.default.clone() })
    }

    fn scalar(&self, field: &Field, at: &str) -> Checked<Scalar> {
        let conventions = match &field.locale {
            Some(tag) => conventions(tag, &format!("{at}/locale"))?,
            None => self.base.conventions,
        };
        currency(field.currency.as_deref(), &format!("{at}/currency"))?;
        let kind = field.kind.unwrap_or(Kind::String);
        if !field.formats.is_empty() && !matches!(kind, Kind::Date | Kind::Datetime) {
            return bad(&format!("{at}/formats"), "only fields of type `date` and `datetime` have formats");
        }
        if field.currency.is_some() && kind != Kind::Money {
            return bad(&format!("{at}/currency"), "only fields of type `money` have a currency");
        }
        for (index, format) in field.formats.iter().enumerate() {
            let mut items = chrono::format::StrftimeItems::new(format);
            if items.any(|item| matches!(item, chrono::format::Item::Error)) {
                return bad(&format!("{at}/formats/{index}"), "this is no format of strftime");
            }
        }
        let steps = field.apply.iter().enumerate();
        let steps =
            steps.map(|(index, step)| self.step(step, &format!("{at}/apply/{index}"))).collect::<Checked<_>>()?;
        Ok(Scalar {
            kind,
            steps,
            conventions,
            formats: field.formats.clone(),
            currency: field.currency.clone().or_else(|| self.base.currency.clone()),
        })
    }

    fn step(&self, step: &Step, at: &str) -> Checked<StepPlan> {
        Ok(match step {
            Step::Trim(characters) => StepPlan::Trim(characters.chars().collect()),
            Step::Replace(replace) => StepPlan::Replace {
                regex: self.regex(&replace.regex, &format!("{at}/replace/regex"))?,
                with: replace.with.clone(),
            },
            Step::Match(regex) => StepPlan::Match(self.regex(regex, &format!("{at}/match"))?),
            Step::Split(separator) if separator.is_empty() => {
                return bad(&format!("{at}/split"), "the text to cut at is empty");
            }
            Step::Split(separator) => StepPlan::Split(separator.clone()),
            Step::Take(nth) => StepPlan::Take(number(*nth, &format!("{at}/take"))?),
            Step::Join(separator) => StepPlan::Join(separator.clone()),
            Step::Map(map) => StepPlan::Map(map.iter().map(|(from, to)| (fold(from), to.clone())).collect()),
            Step::Case(case) => StepPlan::Case(*case),
        })
    }
}

fn bad<T>(at: &str, message: impl Into<String>) -> Checked<T> {
    Err(Bad { pointer: at.to_owned(), message: message.into() })
}

fn number(nth: i64, at: &str) -> Checked<i64> {
    match nth {
        0 => bad(at, "numbers count from 1, or from -1 for the last"),
        nth => Ok(nth),
    }
}

fn conventions(tag: &str, at: &str) -> Checked<Conventions> {
    match Conventions::of(tag) {
        Some(conventions) => Ok(conventions),
        None => {
            let known: Vec<&str> = Conventions::tags().collect();
            bad(at, format!("this locale is not known; known are {}", known.join(", ")))
        }
    }
}

fn currency(code: Option<&str>, at: &str) -> Checked<()> {
    match code {
        Some(code) if !money::is_code(code) => bad(at, "this is no known ISO 4217 code"),
        _ => Ok(()),
    }
}

/// Options that say nothing about an object.
fn no_scalar_options(field: &Field, at: &str) -> Checked<()> {
    for (name, is_set) in [
        ("type", field.kind.is_some()),
        ("apply", !field.apply.is_empty()),
        ("locale", field.locale.is_some()),
        ("formats", !field.formats.is_empty()),
        ("currency", field.currency.is_some()),
    ] {
        if is_set {
            return bad(&format!("{at}/{name}"), format!("a field with `fields` has no `{name}`"));
        }
    }
    Ok(())
}
