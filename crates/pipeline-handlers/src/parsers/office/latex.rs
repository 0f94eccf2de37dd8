//! Office MathML → LaTeX.

use super::math_tree::Node;
use super::symbols;
use crate::xml::tree::Element;

/// A formula; empty when it shows nothing.
pub(super) fn formula_text(formula: &Element) -> String {
    render(&Node::inside_of(formula)).trim().to_owned()
}

/// A run of elements.
fn render(nodes: &[Node]) -> String {
    let mut latex = String::new();
    for node in nodes {
        push(&mut latex, &element(node));
    }
    latex
}

/// Appends a piece; a blank parts a command from a letter that follows it.
fn push(latex: &mut String, piece: &str) {
    let command_ends = latex
        .rfind('\\')
        .is_some_and(|at| at + 1 < latex.len() && latex[at + 1..].bytes().all(|byte| byte.is_ascii_alphabetic()));
    if command_ends && piece.starts_with(|first: char| first.is_ascii_alphabetic()) {
        latex.push(' ');
    }
    latex.push_str(piece);
}

fn element(node: &Node) -> String {
    let part = |name: &str| render(node.inside(name));
    match node.name.as_str() {
        "r" => run(node),
        "f" => fraction(node),
        "sSup" => format!("{}^{{{}}}", base(node), part("sup")),
        "sSub" => format!("{}_{{{}}}", base(node), part("sub")),
        "sSubSup" => format!("{}_{{{}}}^{{{}}}", base(node), part("sub"), part("sup")),
        "sPre" => format!("{{}}_{{{}}}^{{{}}}{}", part("sub"), part("sup"), base(node)),
        "rad" => match part("deg") {
            degree if degree.is_empty() || node.is_on("radPr", "degHide") => format!("\\sqrt{{{}}}", part("e")),
            degree => format!("\\sqrt[{degree}]{{{}}}", part("e")),
        },
        "nary" => large_operator(node),
        "d" => delimited(node),
        "func" => format!("{} {}", function_name(&part("fName")), part("e")),
        "limLow" => format!("{}_{{{}}}", part("e"), part("lim")),
        "limUpp" => format!("{}^{{{}}}", part("e"), part("lim")),
        "acc" => {
            let mark = node.property("accPr", "chr").and_then(|text| text.chars().next()).unwrap_or('\u{302}');
            format!("{}{{{}}}", symbols::accent(mark), part("e"))
        }
        "bar" if node.property("barPr", "pos") == Some("top") => format!("\\overline{{{}}}", part("e")),
        "bar" => format!("\\underline{{{}}}", part("e")),
        "groupChr" if node.property("groupChrPr", "pos") == Some("top") => format!("\\overbrace{{{}}}", part("e")),
        "groupChr" => format!("\\underbrace{{{}}}", part("e")),
        "borderBox" => format!("\\boxed{{{}}}", part("e")),
        "m" => format!("\\begin{{matrix}}{}\\end{{matrix}}", lines(node, "mr", " & ")),
        "eqArr" => {
            let rows: Vec<String> = elements(node).map(|e| render(&e.children)).collect();
            if let [only] = rows.as_slice() {
                return only.clone();
            }
            format!("\\begin{{aligned}}{}\\end{{aligned}}", rows.join(" \\\\ "))
        }
        "t" => text(&node.text),
        // Properties show nothing; whatever else there is shows what is inside it.
        name if name.ends_with("Pr") => String::new(),
        _ => render(&node.children),
    }
}

fn run(node: &Node) -> String {
    let raw: String = node.children.iter().filter(|child| child.name == "t").map(|child| child.text.as_str()).collect();
    // "Normal" runs are words, not products of letters.
    if node.is_on("rPr", "nor") && raw.chars().any(char::is_alphabetic) {
        return format!("\\text{{{}}}", words(&raw));
    }
    text(&raw)
}

fn text(raw: &str) -> String {
    let mut latex = String::new();
    let mut buffer = [0; 4];
    for character in raw.chars() {
        push(&mut latex, symbols::command(character).unwrap_or_else(|| character.encode_utf8(&mut buffer)));
    }
    latex
}

/// Text mode escapes what means something to LaTeX.
fn words(raw: &str) -> String {
    let mut latex = String::new();
    for character in raw.chars() {
        if matches!(character, '#' | '$' | '%' | '&' | '_' | '{' | '}') {
            latex.push('\\');
        }
        latex.push(character);
    }
    latex
}

/// The base of a script; in braces when it is more than one thing.
fn base(node: &Node) -> String {
    let children = node.inside("e");
    let latex = render(children);
    let is_plain = latex.chars().count() == 1 || matches!(children, [only] if only.name == "d" || only.name == "r");
    if is_plain { latex } else { format!("{{{latex}}}") }
}

fn fraction(node: &Node) -> String {
    let (above, below) = (render(node.inside("num")), render(node.inside("den")));
    match node.property("fPr", "type") {
        Some("noBar") => format!("\\genfrac{{}}{{}}{{0pt}}{{}}{{{above}}}{{{below}}}"),
        Some("lin") => format!("{above}/{below}"),
        _ => format!("\\frac{{{above}}}{{{below}}}"),
    }
}

fn large_operator(node: &Node) -> String {
    let sign = node.property("naryPr", "chr").and_then(|text| text.chars().next()).unwrap_or('∫');
    let mut buffer = [0; 4];
    let mut latex = symbols::command(sign).unwrap_or_else(|| sign.encode_utf8(&mut buffer)).to_owned();
    for (mark, part, hide) in [('_', "sub", "subHide"), ('^', "sup", "supHide")] {
        let limit = render(node.inside(part));
        if !limit.is_empty() && !node.is_on("naryPr", hide) {
            latex.push(mark);
            latex.push_str(&format!("{{{limit}}}"));
        }
    }
    push(&mut latex, &render(node.inside("e")));
    latex
}

fn delimited(node: &Node) -> String {
    let mark = |name: &str, default: &'static str| match node.property("dPr", name) {
        Some("") => ".".to_owned(),
        Some(text) => symbols::delimiter(text).to_owned(),
        None => default.to_owned(),
    };
    let separator = node.property("dPr", "sepChr").unwrap_or("|");
    let inside: Vec<String> = elements(node).map(|e| render(&e.children)).collect();
    let mut latex = String::from("\\left");
    push(&mut latex, &mark("begChr", "("));
    push(&mut latex, &inside.join(separator));
    push(&mut latex, "\\right");
    push(&mut latex, &mark("endChr", ")"));
    latex
}

/// `\sin` for `sin`, with whatever limits stand under or over it.
fn function_name(latex: &str) -> String {
    let end = latex.find(|character: char| !character.is_ascii_alphabetic()).unwrap_or(latex.len());
    if symbols::FUNCTIONS.contains(&&latex[..end]) { format!("\\{latex}") } else { latex.to_owned() }
}

fn elements(node: &Node) -> impl Iterator<Item = &Node> {
    node.children.iter().filter(|child| child.name == "e")
}

fn lines(node: &Node, row: &str, separator: &str) -> String {
    let rows = node.children.iter().filter(|child| child.name == row);
    let rows: Vec<String> =
        rows.map(|row| elements(row).map(|e| render(&e.children)).collect::<Vec<_>>().join(separator)).collect();
    rows.join(" \\\\ ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::tree;

    #[track_caller]
    fn check(xml: &str, latex: &str) {
        let xml = format!("<oMath>{xml}</oMath>");
        let formula = tree::tree(&xml).expect("XML").expect("a root");
        assert_eq!(formula_text(&formula), latex);
    }

    fn r(text: &str) -> String {
        format!("<r><t>{text}</t></r>")
    }

    #[test]
    fn every_construct_has_its_latex() {
        let (x, n) = (r("x"), r("n"));
        check(&format!("<f><num>{x}</num><den>{}</den></f>", r("2π")), "\\frac{x}{2\\pi}");
        check(
            &format!("<f><fPr><type val=\"noBar\"/></fPr><num>{n}</num><den>{x}</den></f>"),
            "\\genfrac{}{}{0pt}{}{n}{x}",
        );
        check(&format!("<sSubSup><e>{x}</e><sub>{n}</sub><sup>{}</sup></sSubSup>", r("2")), "x_{n}^{2}");
        check(&format!("<rad><radPr><degHide val=\"1\"/></radPr><deg/><e>{x}</e></rad>"), "\\sqrt{x}");
        check(&format!("<rad><deg>{}</deg><e>{x}</e></rad>", r("3")), "\\sqrt[3]{x}");
        check(
            &format!("<nary><naryPr><chr val=\"∑\"/></naryPr><sub>{}</sub><sup>{n}</sup><e>{x}</e></nary>", r("k=0")),
            "\\sum_{k=0}^{n}x",
        );
        check(&format!("<nary><sub/><sup/><e>{x}</e></nary>"), "\\int x");
        check(&format!("<d><e>{x}</e></d>"), "\\left(x\\right)");
        check(&format!("<d><dPr><begChr val=\"{{\"/><endChr val=\"\"/></dPr><e>{x}</e></d>"), "\\left\\{x\\right.");
        check(&format!("<acc><accPr><chr val=\"\u{20D7}\"/></accPr><e>{x}</e></acc>"), "\\vec{x}");
        check(
            &format!("<m><mr><e>{x}</e><e>{n}</e></mr><mr><e>{n}</e><e>{x}</e></mr></m>"),
            "\\begin{matrix}x & n \\\\ n & x\\end{matrix}",
        );
        check("<r><rPr><nor/></rPr><t>if 5%</t></r>", "\\text{if 5\\%}");
        check(&r("a &lt; b &#8805; c"), "a < b \\geq c");
        check(&format!("<func><fName>{}</fName><e>{x}</e></func>", r("sin")), "\\sin x");
        check(&format!("<eqArr><e>{x}</e></eqArr>"), "x");
        check(&format!("<eqArr><e>{x}</e><e>{n}</e></eqArr>"), "\\begin{aligned}x \\\\ n\\end{aligned}");
    }
}
