use super::*;

fn shown(html: &str) -> Vec<String> {
    nodes(html)
        .iter()
        .map(|node| {
            let parent = node.parent.map_or("-".to_owned(), |parent| parent.to_string());
            let attributes: String = node.attributes.iter().map(|(name, value)| format!(" {name}={value}")).collect();
            let text = if node.tag.is_empty() { format!("\"{}", node.text) } else { String::new() };
            format!("{parent} {}{attributes}{text}", node.tag)
        })
        .collect()
}

#[test]
fn elements_stand_in_their_order() {
    let html = "<!doctype html><p ID=a class='x y'>one  <b>two</b>\n<script>no</script><!-- no --><table>\n<tr><td>1<td>2</table>";
    assert_eq!(
        shown(html),
        [
            "- html",
            "0 head",
            "0 body",
            "2 p id=a class=x y",
            "3 \"one ",
            "3 b",
            "5 \"two",
            "3 \" ",
            "3 script",
            "2 table",
            "9 tbody",
            "10 tr",
            "11 td",
            "12 \"1",
            "11 td",
            "14 \"2"
        ]
    );
}

#[test]
fn broken_pages_make_trees() {
    for html in ["<table><b>x<tr>y<td>z</b>", "<a><p><a>x</p></a>", "</p><br></br>", "<b><i></b></i>x", "<svg><p>x", ""]
    {
        let nodes = nodes(html);
        let in_order = |(index, node): (usize, &HtmlNode)| node.parent.is_none_or(|parent| (parent as usize) < index);
        assert!(!nodes.is_empty() && nodes.iter().enumerate().all(in_order), "{html}");
    }
}

#[test]
fn what_is_too_large_has_no_list() {
    assert!(nodes(&"<div>".repeat(600)).is_empty());
    assert!(!nodes(&"<div>".repeat(400)).is_empty());
    assert!(nodes(&"<br>".repeat(MAX_NODES + 1)).is_empty());
    assert!(nodes(&"<div>".repeat(1_000_000)).is_empty());
    let long = format!("<p title='{}' lang=de>", "x".repeat(MAX_ATTRIBUTE_BYTES + 1));
    assert_eq!(nodes(&long)[3].attributes, [("lang".to_owned(), "de".to_owned())]);
}
