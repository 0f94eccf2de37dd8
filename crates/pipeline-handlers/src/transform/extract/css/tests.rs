use millrace_domain::document::HtmlNode;

use super::*;

/// `parent tag attributes` or `parent "text` for each node.
fn dom(lines: &[&str]) -> Dom {
    let nodes = lines.iter().map(|line| {
        let (parent, rest) = line.split_once(' ').expect("a parent");
        let parent = parent.parse().ok();
        if let Some(text) = rest.strip_prefix('"') {
            return HtmlNode { parent, text: text.to_owned(), ..HtmlNode::default() };
        }
        let mut parts = rest.split(' ');
        let tag = parts.next().expect("a tag").to_owned();
        let attributes = parts
            .filter_map(|part| part.split_once('='))
            .map(|(name, value)| (name.to_owned(), value.replace('+', " ")));
        HtmlNode { parent, tag, attributes: attributes.collect(), text: String::new() }
    });
    Dom::new(nodes.collect())
}

fn page() -> Dom {
    dom(&[
        "- html",               // 0
        "0 body",               // 1
        "1 div id=a class=x+y", // 2
        "2 \"Hello  ",          // 3
        "2 b",                  // 4
        "4 \"bold",             // 5
        "1 table class=items",  // 6
        "6 tr",                 // 7
        "7 td",                 // 8
        "8 \"1",                // 9
        "7 td data-v=12-34",    // 10
        "10 \"one",             // 11
        "6 tr class=last",      // 12
        "12 td",                // 13
        "13 \"2",               // 14
        "12 td lang=en-GB",     // 15
        "15 \"two",             // 16
        "1 p",                  // 17
    ])
}

#[track_caller]
fn check(selector: &str, expected: &[usize]) {
    assert_eq!(page().select(&parse(selector).expect(selector), None), expected, "{selector}");
}

#[test]
fn selectors_find_elements() {
    check("td", &[8, 10, 13, 15]);
    check("TD:first-child", &[8, 13]);
    check("table.items > tr td:nth-child(2)", &[10, 15]);
    check("table > td", &[]);
    check("#a.x.y", &[2]);
    check("div, p", &[2, 17]);
    check("div + table", &[6]);
    check("div + p", &[]);
    check("div ~ p", &[17]);
    check("body > *", &[2, 6, 17]);
    check("[data-v]", &[10]);
    check("td[data-v^='12-'][data-v$=\"34\"]", &[10]);
    check("[class~=y]", &[2]);
    check("[lang|=en]", &[15]);
    check("[class*=tem]", &[6]);
    check("tr:not(.last) td", &[8, 10]);
    check("td:contains('two')", &[15]);
    check("tr:nth-last-child(1)", &[12]);
    check("td:nth-child(odd)", &[8, 13]);
    check("body > :nth-child(-n+2)", &[2, 6]);
    check("body > :last-of-type", &[2, 6, 17]);
    check("p:empty", &[17]);
    check("tr td td", &[]);
}

#[test]
fn inside_an_element_only_it_is_seen() {
    let page = page();
    assert_eq!(page.select(&parse("td").expect("a selector"), Some(12)), [13, 15]);
    assert_eq!(page.select(&parse("table td").expect("a selector"), Some(12)), [0_usize; 0]);
    assert_eq!(page.extent(Some(12)), 4);
}

#[test]
fn text_is_as_people_see_it() {
    let page = page();
    assert_eq!(page.text(2), "Hello bold");
    assert_eq!(page.text(6), "1\tone\n2\ttwo");
    assert_eq!(page.text(17), "");
    let lines = dom(&["- div", "0 \"a", "0 p", "2 \"b", "0 \"c", "0 br", "0 \"d"]);
    assert_eq!(lines.text(0), "a\nb\nc\nd");
}

#[test]
fn what_is_no_selector_is_refused() {
    for text in [
        "",
        " ",
        "td >",
        "> td",
        "td,,",
        "[a",
        "[a=]",
        ":hover",
        ":nth-child(x)",
        ":not(",
        "td!",
        "a ! b",
        ":not(:not(a))",
        "#",
    ] {
        assert!(parse(text).is_err(), "{text}");
    }
    assert!(parse(&"a".repeat(2_001)).is_err());
}

#[test]
fn a_tree_that_is_none_does_no_harm() {
    let broken = dom(&["5 a", "1 b", "0 c", "900 d"]);
    assert_eq!(broken.select(&parse("* c").expect("a selector"), None), [2]);
    assert_eq!(broken.text(3), "");
}
