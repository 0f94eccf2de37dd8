//! Kinds of text, sniffing, encodings, pointers.

use crate::files::base64;
use crate::{Seeds, file, numbered};

const HTML: &str = r#"<!DOCTYPE html><html lang="de"><head><meta charset="utf-8"><title>T</title><style>p{}</style></head><body>
<nav><a href="/x">x</a></nav><h1 id="a" class="b c">Price list</h1><p>Some <b>bold</b>, <i>slanted</i> <code>code</code> &amp; &#x4e2d;<br>text
<ul><li>one<ol start="3"><li>inner</ol><li>two</ul><table><caption>C</caption><thead><tr><th rowspan=2>N<th colspan="2">P</thead>
<tr><td>1<td>2</tr><tr><td colspan=3><table><tr><td>in</table></table><pre>  code
 more</pre><img alt="pic" src="data:image/png;base64,AA=="><blockquote><p>q</blockquote><dl><dt>a<dd>b</dl><template><p>t</template>
<select><option>o</select><form><input value=v><textarea>t</textarea></form><svg><text>s</text></svg><hr></body></html>"#;
const RTF: &str = r"{\rtf1\ansi\ansicpg1252\deff0{\fonttbl{\f0\froman\fcharset0 Times;}{\f1\fcharset134 SimSun;}}{\stylesheet{\s1\outlinelevel0 heading 1;}}
{\info{\title T}}\pard\s1 Head\par\pard plain \b bold\b0  \u20013?\'e4\par{\listtext\'b7\tab}item\par\trowd\cellx1000\cellx2000 a\cell b\cell\row
\trowd\clmgf\cellx1000\clmrg\cellx2000 m\cell\cell\row{\footnote note}{\field{\*\fldinst HYPERLINK x}{\fldrslt link}}{\f1\'d6\'d0}{\pict\bin3 abc}
{\*\unknown x}{\shp{\*\shpinst{\shptxt box\par}}}\page{\v hidden}\uc2\u8364??\line}";
const MARKDOWN: &str = "---\ntitle: t\n---\n# One\n\ntext *em* **b** `c` [l](u) ![i](s)\n\n- a\n  - b\n    1. c\n- [x] d\n\n| a | b |\n|---|:-:|\n| 1 | `x|y` |\n\n```rust\nfn x() {}\n```\n\n> quote\n> > deeper\n\nSetext\n===\n\n<div>html</div>\n\n* * *\n\n    indented\n\n[^1]: note\n";
const XML: &str = r#"<?xml version="1.0" encoding="UTF-8"?><!DOCTYPE a [<!ENTITY e "x"><!ENTITY f "&e;&e;">]><a xmlns:p="u" k="v"><p:b n='1'>t&lt;&#65;&e;</p:b><b/><!-- c --><![CDATA[<raw>]]><?pi x?><c><d>1</d><d>2</d>mixed</c></a>"#;
const YAML: &str = "%YAML 1.2\n---\na: &x [1, 0x1F, 1e3, ~, true, 'q', \"d\\u4e2d\\n\"]\nb: {<<: {z: 1}, c: *x}\n? [k]\n: v\nt: |2-\n    lit\nf: >+\n  fold\n  ed\n\ng: !!binary aGk=\nd: 2024-01-01\n...\n---\n- - x\n- y: 00123\n";
const JSON: &str = "{\"a\":[1,-2.5e300,1e400,123456789012345678901234567890,true,null,\"\\ud83d\\ude00 \\u0000 x\"],\"\":{\"a\":{}},\"a\":2}";
const NDJSON: &str = "{\"id\":1,\"n\":\"a\"}\n{\"id\":2,\"extra\":[1,{}]}\n\n3\nnot json\n\"text\"\r\n{\"id\":12345678901234567890123}\n";
const PROGRAMS: [&str; 4] =
    ["#!/usr/bin/env python3\nprint('x')\n", "fn main() { /* ``` */ }\n", "~~~~\n`````\n", "\u{FEFF}int main() {}\r\n"];

pub(crate) fn seeds() -> Vec<(&'static str, Seeds)> {
    let text = ["plain text\nand more\r\n\ttabs", "\u{FEFF}mark\n\u{0}nul", "中文 äöü", " \n\t "];
    let (utf16, gbk) = (utf16("Grüße 中文\nzwei\n"), file("examples/customers-gbk.csv"));
    let csv = [
        "a,b;c\n1,2;3\n",
        "sep=;\nx;y\n\"q\"\"u\ne\";2\n3\n4;5;6\n",
        "a\tb\tb\n\n1\t\t3\n",
        "a|b\r\n1|2\r\n",
        ",,\n,,\n",
        "\u{FEFF}name,n\nx,00123\n",
    ];
    let mut csv = numbered(csv);
    csv.push(("gbk".into(), gbk.clone()));
    csv.push(("utf16".into(), utf16.clone()));
    let mails = mails();
    let encodings = [
        utf16.clone(),
        gbk,
        b"utf-8\nx\xE4\xFF".to_vec(),
        b"shift_jis\n\x83\x65\x83\x58".to_vec(),
        b"\xFF\xFE\0\0a\0\0\0".to_vec(),
        b"\x1B$B$\"\x1B(B".to_vec(),
    ];
    let mut kinds: Vec<Vec<u8>> = [
        HTML,
        RTF,
        MARKDOWN,
        XML,
        YAML,
        JSON,
        NDJSON,
        PROGRAMS[0],
        "%PDF-1.4",
        "PK\x03\x04",
        "%!PS",
        "GIF89a",
        "II*\0",
    ]
    .map(|text| text.as_bytes()[..text.len().min(200)].to_vec())
    .to_vec();
    kinds.extend([
        utf16,
        mails[0][..200].to_vec(),
        b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1".to_vec(),
        b"\x89PNG\r\n\x1a\n".to_vec(),
        b"BM\x46\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0".to_vec(),
    ]);
    let pointers = [
        "/a/b\n{\"a\":{\"b\":1}}",
        "/a/-\n{\"a\":[1]}",
        "/a~1b/~0/0\n{\"a/b\":{\"~\":[1,2]}}",
        "a,b,/\nnull",
        "/\n{}",
        "\n[1]",
        "/a/01\n{\"a\":[0,1]}",
        "/x/y\n{\"x\":null}",
    ];
    let mut rtf = numbered([RTF]);
    rtf.push(("handbook".into(), file("crates/pipeline-handlers/tests/fixtures/handbook.rtf")));
    vec![
        ("text", numbered(text)),
        ("markdown", numbered([MARKDOWN, "| a |\n| - |\n| \\| |\n", "```\nopen", "1) a\n\t* b\n"])),
        ("json", numbered([JSON, "[]", "\"x\"", "[[[[[[1]]]]]]"])),
        ("ndjson", numbered([NDJSON, "{}\n{}\n"])),
        ("xml", numbered([XML, "<a/>", "<a><a><a>x</a></a></a>"])),
        ("yaml", numbered([YAML, "a: 1\n", "- &a [*a]\n", "{a: [b, {c: d}]}"])),
        ("html", numbered([HTML, "<p>x", "<table><td><table><td>"])),
        ("rtf", rtf),
        ("code", numbered(PROGRAMS)),
        ("csv", csv),
        ("eml", numbered(mails)),
        ("sniff", numbered(kinds)),
        ("encodings", numbered(encodings)),
        ("pointer", numbered(pointers)),
        ("page_ranges", numbered(["1-3,7", " 2 - 4 , 3", "1,2,3,4294967295", "0"])),
    ]
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

fn mails() -> Vec<Vec<u8>> {
    let attachment = base64(b"a,b\n1,2\n");
    let mixed = format!(
        "Return-Path: <a@x.org>\r\nFrom: =?utf-8?B?5byg5LiJ?= <a@x.org>\r\nTo: b@x.org, \"C, D\" <c@x.org>\r\nSubject: =?iso-8859-1?Q?Gr=FC=DFe?=\r\n folded\r\nDate: Fri, 1 Mar 2024 10:00:00 +0100\r\nMessage-ID: <1@x>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"B\"\r\n\r\npreamble\r\n--B\r\nContent-Type: multipart/alternative; boundary=C\r\n\r\n--C\r\nContent-Type: text/plain; charset=gbk\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n=D6=D0=\r\n x\r\n--C\r\nContent-Type: text/html\r\n\r\n<p>Hello</p>\r\n--C--\r\n--B\r\nContent-Type: text/csv; name*=utf-8''t%C3%A4.csv\r\nContent-Disposition: attachment; filename=t.csv\r\nContent-Transfer-Encoding: base64\r\n\r\n{attachment}\r\n--B\r\nContent-Type: message/rfc822\r\n\r\nFrom: z@x.org\r\nMessage-ID: <2@x>\r\nSubject: inner\r\n\r\ndeep\r\n--B--\r\n"
    );
    vec![
        mixed.into_bytes(),
        b"From: a@example.com\nMessage-ID: <1@x>\nSubject: S\n\nhello".to_vec(),
        file("examples/delivery-note.eml"),
    ]
}
