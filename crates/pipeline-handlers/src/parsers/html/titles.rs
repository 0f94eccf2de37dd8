//! Tooltips of links, taken out of the text.

/// Removes the title of every link and image: `[a](b "tooltip")` becomes `[a](b)`. Code stays as it is.
///
/// A tooltip is not what the page says; on many pages each link has one that repeats its text.
pub(super) fn without(markdown: &str) -> String {
    let mut kept = String::with_capacity(markdown.len());
    let mut fence: Option<&str> = None;
    for line in markdown.split_inclusive('\n') {
        let trimmed = line.trim();
        let mark = ["```", "~~~"].into_iter().find(|mark| trimmed.starts_with(mark));
        match (fence, mark) {
            (None, Some(mark)) => fence = Some(mark),
            (Some(open), Some(mark)) if open == mark => fence = None,
            _ => {}
        }
        if fence.is_some() || mark.is_some() || !line.contains("](") {
            kept.push_str(line);
        } else {
            push_without(&mut kept, line);
        }
    }
    kept
}

fn push_without(kept: &mut String, line: &str) {
    let mut rest = line;
    while let Some(at) = rest.find("](") {
        let (before, target) = rest.split_at(at + 2);
        kept.push_str(before);
        rest = target;
        if let Some((start, end)) = title(target) {
            kept.push_str(&target[..start]);
            rest = &target[end..];
        }
    }
    kept.push_str(rest);
}

/// Where the title of a link lies, with the space before it, in the text after `](`.
fn title(target: &str) -> Option<(usize, usize)> {
    let url = if target.starts_with('<') { target.find('>')? + 1 } else { target.find([' ', '\n'])? };
    // What ends before the space has no title.
    if url == 0 || !target.starts_with('<') && !target[url..].starts_with(" \"") {
        return None;
    }
    let opening = target[url..].strip_prefix(" \"")?;
    let mut is_escaped = false;
    for (at, character) in opening.char_indices() {
        match character {
            '\\' if !is_escaped => {
                is_escaped = true;
                continue;
            }
            '"' if !is_escaped => {
                let end = url + 2 + at + 1;
                return target[end..].starts_with(')').then_some((url, end));
            }
            _ => {}
        }
        is_escaped = false;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::without;

    #[test]
    fn titles_go_and_everything_else_stays() {
        let check = |markdown: &str, expected: &str| assert_eq!(without(markdown), expected, "{markdown}");
        check("see [a](/b \"A (tooltip)\") and [c](/d)", "see [a](/b) and [c](/d)");
        check("[![x](y.png \"\\\"q\\\"\")](/z \"t\")\n", "[![x](y.png)](/z)\n");
        check("[a](<b c> \"t\") [d](e", "[a](<b c>) [d](e");
        check("[a](b) said \"hello\")", "[a](b) said \"hello\")");
        check("```\n[a](b \"c\")\n```\n[a](b \"c\")", "```\n[a](b \"c\")\n```\n[a](b)");
    }
}
