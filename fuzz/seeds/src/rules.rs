//! The programs and rules of `docs/rules.md`, with the documents beside them.

use crate::{Seeds, file, numbered};

const MORE: [&str; 3] = [
    "@@ options\n{\"each\":{\"table\":{\"header\":[\"a\"],\"nth\":1}},\"fields\":{\"a\":{\"from\":{\"column\":1},\"type\":\"integer\"}}}\n@@ a.csv\na,b\n1,2\n3,x\n",
    "@@ options\n{\"fields\":{\"t\":{\"each\":{\"css\":\"ul > li:not(.x):nth-child(2n+1), p[a^=\\\"b\\\" i] ~ *\",\"attribute\":\"id\"}},\"d\":{\"from\":{\"text\":\"all\"},\"apply\":[{\"split\":\",\"},{\"take\":-1},{\"case\":\"upper\"},{\"trim\":\"x\"},{\"map\":{\"A\":\"b\"}},{\"replace\":{\"regex\":\"(a)\",\"with\":\"$1$1\"}}],\"type\":\"date\",\"formats\":[\"%d/%m/%Y\"],\"locale\":\"de\"}}}\n@@ a.html\n<ul><li id=a>1<li class=x>2<li>3</ul><p a=bc>1, 03/04/2024<b>x</b>\n",
    "@@ options\n{\"fields\":{\"p\":{\"from\":[{\"pointer\":\"/data/a/0\"},{\"page\":\"1-3,7\"}],\"type\":\"json\"},\"c\":{\"each\":{\"cells\":\"S!B2:D\",\"header\":true},\"fields\":{\"x\":{\"from\":{\"column\":\"B\"},\"type\":\"money\",\"currency\":\"EUR\"}}}}}\n@@ schema\n{\"type\":\"object\",\"required\":[\"p\"]}\n@@ a.yaml\na: [1, 2]\n",
];

pub(crate) fn seeds() -> Vec<(&'static str, Seeds)> {
    let page = String::from_utf8(file("docs/rules.md")).expect("text");
    let fences = fences(&page);
    let mut inputs: Vec<String> = MORE.map(str::to_owned).to_vec();
    for (index, (kind, text)) in fences.iter().enumerate() {
        let name = match *kind {
            "json options" => "options",
            "json rule" => "rule",
            _ => continue,
        };
        let options = if name == "rule" { member_options(text) } else { text };
        let document = fences.get(index + 1).and_then(|(kind, text)| Some((kind.strip_suffix(" document")?, *text)));
        let (kind, text) =
            document.unwrap_or(("md", "# Terms\n\nInvoice No: 17\n\n## Payment\n\n30 days. Total: 1.234,56 EUR\n"));
        inputs.push(format!("@@ options\n{options}\n@@ a.{kind}\n{text}"));
    }
    vec![("extract", numbered(inputs))]
}

/// Kind and text of every block of code.
fn fences(page: &str) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    let mut rest = page;
    while let Some((_, block)) = rest.split_once("\n```") {
        let Some((kind, body)) = block.split_once('\n') else { break };
        let Some((text, after)) = body.split_once("\n```") else { break };
        found.push((kind, text));
        rest = after;
    }
    found
}

/// The member `options` of a rule as the page writes it: the last one, two blanks deep.
fn member_options(rule: &str) -> &str {
    let options = rule.split_once("\n  \"options\": ").map_or(rule, |(_, options)| options);
    options.rsplit_once("\n}").map_or(options, |(options, _)| options)
}
