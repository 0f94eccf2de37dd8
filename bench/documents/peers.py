#!/usr/bin/env python3
"""Converts the PDF files of a folder with other tools, one process and one worker each, and times it.

usage: peers.py TOOL PDF_FOLDER OUT_FOLDER ROUNDS

TOOL is one of xberg, kreuzberg, pymupdf4llm, markitdown (Python packages) and pdftotext (the program of poppler-utils).
Writes OUT_FOLDER/<file>.md and prints one line: tool, version, pages, seconds of the fastest round, and failures.
The first round is not counted when there are more: it loads what the tool loads once.
"""
import importlib.metadata
import pathlib
import subprocess
import sys
import time


def pages_of(path):
    """Pages, as poppler's pdfinfo counts them."""
    lines = subprocess.run(["pdfinfo", str(path)], capture_output=True, text=True, check=False).stdout.splitlines()
    return next((int(line.split()[1]) for line in lines if line.startswith("Pages:")), 0)


def converter(tool):
    """A function from a path to Markdown, and the tool's version."""
    if tool == "pdftotext":
        version = subprocess.run(["pdftotext", "-v"], capture_output=True, text=True, check=False).stderr.split()[2]
        return lambda path: subprocess.run(["pdftotext", str(path), "-"], capture_output=True, text=True, check=True).stdout, version
    version = importlib.metadata.version(tool)
    if tool == "xberg":
        import asyncio

        import xberg

        config = xberg.ExtractionConfig(output_format="markdown", use_cache=False, disable_ocr=True)

        def convert(path):
            found = xberg.extract(xberg.ExtractInput(kind="uri", uri=str(path)), config)
            if asyncio.iscoroutine(found) or hasattr(found, "__await__"):

                async def wait():
                    return await xberg.extract(xberg.ExtractInput(kind="uri", uri=str(path)), config)

                if hasattr(found, "close"):
                    found.close()
                found = asyncio.run(wait())
            return found.results[0].content if hasattr(found, "results") else found.content

        return convert, version
    if tool == "kreuzberg":
        import kreuzberg

        config = kreuzberg.ExtractionConfig(output_format="markdown", use_cache=False)
        return lambda path: kreuzberg.extract_file_sync(str(path), config=config).content, version
    if tool == "pymupdf4llm":
        import pymupdf4llm

        return lambda path: pymupdf4llm.to_markdown(str(path)), version
    if tool == "markitdown":
        import markitdown

        engine = markitdown.MarkItDown()
        return lambda path: engine.convert(str(path)).text_content, version
    sys.exit(f"unknown tool {tool}")


def main():
    tool, source, target, rounds = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3]), int(sys.argv[4])
    convert, version = converter(tool)
    files = sorted(source.glob("*.pdf"))
    pages = sum(map(pages_of, files))
    target.mkdir(parents=True, exist_ok=True)
    times, failed = [], {}
    for _ in range(rounds):
        started = time.perf_counter()
        for path in files:
            try:
                markdown = convert(path)
            except Exception as error:  # what a tool cannot read is counted, whatever it raises
                failed[path.name] = f"{type(error).__name__}: {error}"[:120]
                markdown = ""
            (target / f"{path.name}.md").write_text(markdown)
        times.append(time.perf_counter() - started)
    counted = times[1:] or times
    best = min(counted)
    print(f"{tool}\t{version}\t{pages}\t{best:.3f}\t{pages / best:.1f}\t{len(failed)}", flush=True)
    for name, reason in failed.items():
        print(f"  {name}: {reason}", file=sys.stderr)


if __name__ == "__main__":
    main()
