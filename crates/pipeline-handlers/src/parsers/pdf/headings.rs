//! Which lines of a page are headings.

use std::collections::HashMap;

use super::look::{Look, SAME_SIZE};
use super::profile::{Body, Profile};
use super::tags::Tag;
use super::wording;

/// Lines that one heading may take.
const MOST_LINES: usize = 4;
/// Characters that one heading may have.
const LONGEST: usize = 220;
/// Those that one heading without a larger size may have.
const LONGEST_PLAIN: usize = 110;
/// Size of a heading told by its size alone, in sizes of the body.
const LARGE: f32 = 1.18;
/// Size of a heading told by something else as well.
const LARGER: f32 = 1.04;
/// The smallest size of any heading.
const SMALLEST: f32 = 0.93;
/// Baselines this many times the usual distance apart are set off from one another.
const SET_OFF: f32 = 1.2;
/// Baselines at most this many ems, or times the usual distance, apart are of one title.
const TOGETHER: f32 = 1.9;
/// Share of the column a line fills that breaks for want of room.
const FULL: f32 = 0.6;
/// Share of the column a line fills at most that is a heading by little else than its slant.
const SHORT: f32 = 0.85;
/// Share of a style's stretches per line, above which it is a style of titles rather than of text.
const MOSTLY_TITLES: f32 = 0.34;

/// A heading, over one or more lines.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Heading {
    /// Its first line, which tells headings apart.
    pub(super) first: usize,
    /// Size of its type in points.
    pub(super) size: f32,
    /// Whether it is bold or in capitals: among headings of one size these stand higher.
    pub(super) is_strong: bool,
    /// Depth of its section number.
    pub(super) depth: Option<u8>,
    /// The level the document itself gives it.
    pub(super) level: Option<u8>,
}

/// The titles of a document's outline on one page, with their levels, by [`wording::key`].
pub(super) type Outlined = HashMap<String, u8>;

/// The heading each line belongs to, if any.
pub(super) fn find(looks: &[Look], profile: &Profile, outlined: &Outlined) -> Vec<Option<Heading>> {
    let body = profile.body_of(looks);
    let mut found = vec![None; looks.len()];
    let mut index = 0;
    while index < looks.len() {
        let longest = stretch(looks, index, body);
        let place = Place { looks, body, profile, first: index };
        let heading = place.outlined(outlined, longest).or_else(|| place.tagged(longest)).or_else(|| {
            // A stretch that is too long for a heading holds none.
            (longest <= MOST_LINES && !place.is_inside_text(longest)).then(|| place.set_as_heading(longest)).flatten()
        });
        match heading {
            Some((heading, lines)) => {
                found[index..index + lines].fill(Some(heading));
                index += lines;
            }
            None => index += longest.clamp(1, if longest > MOST_LINES { longest } else { 1 }),
        }
    }
    found
}

/// How many lines from this one on are set alike, close together, and could be one title.
fn stretch(looks: &[Look], first: usize, body: Body) -> usize {
    let mut lines = 1;
    while let (Some(line), Some(next)) = (looks.get(first + lines - 1), looks.get(first + lines)) {
        if !goes_on(line, next, body) {
            break;
        }
        lines += 1;
    }
    lines
}

/// Whether the next line goes on with a title.
fn goes_on(line: &Look, next: &Look, body: Body) -> bool {
    let drop = line.drop_to(next);
    let is_close = drop > line.size * 0.3
        && drop <= line.size * TOGETHER.max(body.pitch * 1.1)
        && line.area.shares_columns(&next.area);
    let is_new = wording::section_number(&next.text).is_some_and(|_| wording::section_number(&line.text).is_some())
        || wording::is_list_item(&next.text)
        || wording::is_caption(&next.text);
    let (tag, other) = (heading_tag(line), heading_tag(next));
    let is_alike =
        line.is_set_like(next) || line.size >= body.size * LARGE && (line.size - next.size).abs() < SAME_SIZE;
    is_close && !is_new && is_alike && line.is_turned == next.is_turned && tag == other
}

fn heading_tag(look: &Look) -> Option<Tag> {
    look.tag.filter(|tag| *tag != Tag::Artifact)
}

struct Place<'a> {
    looks: &'a [Look],
    body: Body,
    profile: &'a Profile,
    first: usize,
}

impl Place<'_> {
    fn lines(&self, count: usize) -> &[Look] {
        &self.looks[self.first..self.first + count]
    }

    fn look(&self) -> &Look {
        &self.looks[self.first]
    }

    fn text(&self, count: usize) -> String {
        self.lines(count).iter().map(|look| look.text.as_str()).collect::<Vec<_>>().join(" ")
    }

    fn heading(&self, lines: usize, level: Option<u8>) -> Heading {
        let look = self.look();
        let depth = wording::section_number(&self.text(lines)).map(|(depth, _)| depth);
        let is_strong = look.is_bold || look.is_capitals;
        Heading { first: self.first, size: look.size, is_strong, depth, level }
    }

    /// A heading because the document's outline has it.
    fn outlined(&self, outlined: &Outlined, longest: usize) -> Option<(Heading, usize)> {
        if outlined.is_empty() {
            return None;
        }
        (1..=longest.min(MOST_LINES)).rev().find_map(|lines| {
            let key = wording::key(&self.text(lines));
            let level = outlined.get(&key).or_else(|| {
                // Outlines often leave out the number.
                let text = self.text(lines);
                let (_, rest) = wording::section_number(&text)?;
                outlined.get(&wording::key(rest))
            })?;
            (!key.is_empty()).then(|| (self.heading(lines, Some(*level)), lines))
        })
    }

    /// A heading because its author tagged it so.
    fn tagged(&self, longest: usize) -> Option<(Heading, usize)> {
        let level = match heading_tag(self.look())? {
            Tag::Heading(level) => Some(level.max(1)),
            Tag::SomeHeading => None,
            Tag::Artifact => return None,
        };
        let length: usize = self.lines(longest).iter().map(|look| look.characters).sum();
        let says_something = self.lines(longest).iter().any(|look| look.letters > 0);
        (length <= LONGEST * 2 && says_something).then(|| (self.heading(longest, level), longest))
    }

    /// A heading because of how it is set and where it stands.
    fn set_as_heading(&self, longest: usize) -> Option<(Heading, usize)> {
        let look = self.look();
        let lines = longest;
        let text = self.text(lines);
        let length: usize = self.lines(lines).iter().map(|look| look.characters).sum();
        let letters: usize = self.lines(lines).iter().map(|look| look.letters).sum();
        if look.is_turned
            || look.is_code
            || letters < 2
            || length > LONGEST
            || wording::is_no_title(&text)
            || wording::is_caption(&text)
            || wording::is_contents_entry(&text)
            || wording::is_list_item(&text)
            || look.size < self.body.size * SMALLEST
            || self.has_company(lines)
        {
            return None;
        }
        let ratio = if self.body.size > 0.0 { look.size / self.body.size } else { 1.0 };
        let number = wording::section_number(&text);
        let is_strong = look.is_bold || look.is_capitals;
        let ends_open = !self.looks[self.first + lines - 1].ends_a_sentence() && !text.ends_with(',');
        let used = self.profile.uses(look.style());
        let is_title_style = used.stretches as f32 >= used.lines as f32 * MOSTLY_TITLES;
        let is_short = length <= LONGEST_PLAIN && lines <= 2;
        let opens_well =
            text.chars().find(|character| character.is_alphanumeric()).is_some_and(|first| !first.is_lowercase());
        let is_heading = if ratio >= LARGE {
            is_title_style && (ends_open || lines == 1)
        } else if ratio >= LARGER {
            let differs = is_strong || look.is_italic || number.is_some() || look.font != self.body.font;
            differs && ends_open && is_title_style && is_short && opens_well
        } else if is_strong {
            ends_open && is_short && opens_well && self.opens_text(lines)
        } else {
            let differs = look.is_italic || look.font != self.body.font && ratio >= 0.98;
            differs
                && ends_open
                && opens_well
                && lines == 1
                && look.area.width() <= self.width_below() * SHORT
                && length <= LONGEST_PLAIN * 3 / 4
                && is_title_style
                && (number.is_some() || used.lines >= 2 && used.titles * 10 >= used.lines * 9)
                && self.opens_text(lines)
        };
        is_heading.then(|| (self.heading(lines, None), lines))
    }

    /// Whether text set otherwise follows below, and what stands above has come to its end.
    fn opens_text(&self, lines: usize) -> bool {
        let last = &self.looks[self.first + lines - 1];
        let follows = self.looks.get(self.first + lines).is_some_and(|next| {
            let drop = last.drop_to(next);
            // At the foot of a column the text goes on at the top of another.
            let is_below = drop > 0.0 && drop <= last.size * 4.5 && last.area.shares_columns(&next.area);
            let is_elsewhere = drop < 0.0 || !last.area.shares_columns(&next.area);
            (is_below || is_elsewhere) && !next.is_set_like(last) || is_below && next.style() != last.style()
        });
        follows && self.is_set_off()
    }

    /// Whether the line above is at a distance, or ended.
    fn is_set_off(&self) -> bool {
        let look = self.look();
        let Some(before) = self.first.checked_sub(1).map(|index| &self.looks[index]) else {
            return true;
        };
        let drop = before.drop_to(look);
        let is_far = drop < 0.0
            || drop >= look.size.max(before.size) * self.body.pitch * SET_OFF
            || !before.area.shares_columns(&look.area);
        let is_full = before.area.width() >= self.width_below() * FULL && !before.ends_a_sentence();
        is_far || before.ends_a_sentence() || !is_full || !before.is_set_like(look) && before.size > look.size
    }

    /// The width of the text that follows.
    fn width_below(&self) -> f32 {
        self.looks[self.first..].iter().take(6).map(|look| look.area.width()).fold(0.0, f32::max)
    }

    /// Whether other text stands beside it, as in a form or a table.
    fn has_company(&self, lines: usize) -> bool {
        let beside = |other: &Look| {
            self.lines(lines).iter().any(|look| {
                (look.baseline - other.baseline).abs() < look.size * 0.4
                    && wording::section_number(&format!("{} A", other.text)).is_none()
                    && (other.area.left - look.area.right).max(look.area.left - other.area.right) < look.size * 12.0
            })
        };
        let (from, to) = (self.first.saturating_sub(3), (self.first + lines + 3).min(self.looks.len()));
        self.looks[from..self.first].iter().chain(&self.looks[self.first + lines..to]).any(beside)
    }

    /// Whether it is a piece of the text around it: set like the lines before or after, and close to them.
    fn is_inside_text(&self, lines: usize) -> bool {
        let look = self.look();
        let before = self.first.checked_sub(1).map(|index| &self.looks[index]);
        before.is_some_and(|before| {
            before.style() == look.style()
                && before.drop_to(look) > 0.0
                && before.drop_to(look) < look.size * self.body.pitch * SET_OFF
                && before.area.shares_columns(&look.area)
                && lines == 1
                && (look.size - self.body.size).abs() < 0.3
                && !look.is_bold
        })
    }
}
