//! Source code: text of a language that its name or its first line tells.

use millrace_domain::document::{Block, BlockKind};

use super::text::{decode_some, unix_lines};
use crate::draft::Draft;
use crate::failure::ParseFailure;
use crate::format::Format;
use crate::parser::{Input, Isolation, Parser};
use crate::sections::fenced;

/// Reads source code into one block of code.
#[derive(Debug, Clone, Copy, Default)]
pub struct CodeParser;

impl Parser for CodeParser {
    fn name(&self) -> &'static str {
        "code"
    }

    fn version(&self) -> &'static str {
        "1"
    }

    fn formats(&self) -> &'static [Format] {
        &[Format::Code]
    }

    fn isolation(&self) -> Isolation {
        Isolation::InProcess
    }

    fn parse(&self, input: Input<'_>) -> Result<Draft, ParseFailure> {
        let decoded = decode_some(input.bytes)?;
        let warnings = decoded.warnings();
        let text = unix_lines(decoded.text);
        let language = language_of(input.filename, &text).unwrap_or_default();
        let markdown = fenced(&text, language);
        let block = Block::new(BlockKind::Code, text);
        Ok(Draft { markdown, blocks: vec![block], pages: 1, warnings, ..Draft::default() })
    }
}

/// The language by the name, or by the interpreter that the first line asks for.
pub(crate) fn language_of(filename: &str, text: &str) -> Option<&'static str> {
    let name = filename.rsplit(['/', '\\']).next().unwrap_or(filename).to_ascii_lowercase();
    let by_name = match name.as_str() {
        "makefile" | "gnumakefile" => Some("makefile"),
        "dockerfile" | "containerfile" => Some("dockerfile"),
        "cmakelists.txt" => Some("cmake"),
        "jenkinsfile" => Some("groovy"),
        "gemfile" | "rakefile" => Some("ruby"),
        _ => name.rsplit_once('.').and_then(|(_, extension)| by_extension(extension)),
    };
    by_name.or_else(|| by_shebang(text))
}

fn by_extension(extension: &str) -> Option<&'static str> {
    Some(match extension {
        "rs" => "rust",
        "py" | "pyi" | "pyw" => "python",
        "js" | "mjs" | "cjs" => "javascript",
        "jsx" => "jsx",
        "ts" | "mts" | "cts" => "typescript",
        "tsx" => "tsx",
        "java" => "java",
        "kt" | "kts" => "kotlin",
        "scala" | "sc" => "scala",
        "groovy" | "gradle" => "groovy",
        "c" | "h" => "c",
        "cc" | "cpp" | "cxx" | "hh" | "hpp" | "hxx" => "cpp",
        "cs" => "csharp",
        "fs" | "fsx" => "fsharp",
        "vb" | "bas" | "vbs" => "vb",
        "m" | "mm" => "objectivec",
        "swift" => "swift",
        "go" => "go",
        "rb" => "ruby",
        "php" => "php",
        "pl" | "pm" => "perl",
        "lua" => "lua",
        "r" => "r",
        "jl" => "julia",
        "hs" => "haskell",
        "ml" | "mli" => "ocaml",
        "ex" | "exs" => "elixir",
        "erl" | "hrl" => "erlang",
        "clj" | "cljs" | "edn" => "clojure",
        "lisp" | "el" | "scm" => "lisp",
        "dart" => "dart",
        "zig" => "zig",
        "sh" | "bash" | "zsh" | "ksh" => "bash",
        "fish" => "fish",
        "ps1" | "psm1" => "powershell",
        "bat" | "cmd" => "batch",
        "sql" => "sql",
        "css" => "css",
        "scss" => "scss",
        "less" => "less",
        "vue" => "vue",
        "svelte" => "svelte",
        "tex" | "sty" => "latex",
        "toml" => "toml",
        "ini" | "cfg" | "conf" | "properties" => "ini",
        "proto" => "protobuf",
        "graphql" | "gql" => "graphql",
        "tf" | "hcl" => "hcl",
        "cmake" => "cmake",
        "mk" => "makefile",
        "asm" | "s" => "asm",
        "diff" | "patch" => "diff",
        "awk" => "awk",
        "f" | "f90" | "f95" | "for" => "fortran",
        "pas" => "pascal",
        "cob" | "cbl" => "cobol",
        "sol" => "solidity",
        "v" | "sv" => "verilog",
        "vhd" | "vhdl" => "vhdl",
        _ => return None,
    })
}

fn by_shebang(text: &str) -> Option<&'static str> {
    let line = text.strip_prefix("#!")?.lines().next()?;
    let mut words = line.split_whitespace();
    let program = words.next()?.rsplit('/').next()?;
    let program = match program {
        "env" => words.find(|word| !word.starts_with('-') && !word.contains('='))?.rsplit('/').next()?,
        other => other,
    };
    Some(match program.trim_end_matches(|character: char| character.is_ascii_digit() || character == '.') {
        "sh" | "bash" | "zsh" | "ksh" | "dash" => "bash",
        "fish" => "fish",
        "python" | "pypy" => "python",
        "node" | "deno" | "bun" => "javascript",
        "ruby" => "ruby",
        "perl" => "perl",
        "php" => "php",
        "lua" => "lua",
        "awk" | "gawk" => "awk",
        "Rscript" => "r",
        "pwsh" => "powershell",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::ParserLimits;

    #[test]
    fn languages_are_told() {
        let check =
            |name: &str, text: &str, expected: Option<&str>| assert_eq!(language_of(name, text), expected, "{name}");
        check("src/Main.RS", "", Some("rust"));
        check("dir.py/Makefile", "", Some("makefile"));
        check("run", "#!/usr/bin/env -S python3.12 -u\nprint()", Some("python"));
        check("run", "#!/bin/sh\n", Some("bash"));
        check("run", "#!/opt/strange\n", None);
        check("notes.txt", "plain", None);
        check("a.xyz", "plain", None);
    }

    #[test]
    fn code_is_fenced() {
        let limits = ParserLimits::default();
        let input = Input { filename: "a.md.py", ..Input::new(b"x = '''\r\n```\r\n'''\r\n", Format::Code, &limits) };
        let draft = CodeParser.parse(input).expect("a document");
        assert_eq!(draft.markdown, "````python\nx = '''\n```\n'''\n````\n");
        assert_eq!(draft.blocks[0].text, "x = '''\n```\n'''\n");
    }
}
