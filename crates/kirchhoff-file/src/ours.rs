//! How files that this tool wrote are known by what they hold.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

/// The name under which files say who wrote them.
pub const GENERATOR: &str = "kirchhoff";

/// A chunk of a PNG file, to stand behind its header, that says who wrote it: `tEXt`, `Software`, `kirchhoff`.
pub const PNG_MARK: [u8; 30] = *b"\x00\x00\x00\x12tEXtSoftware\x00kirchhoff\x40\x0d\xec\x28";

/// How an SVG picture begins that says who drew it.
pub const SVG_MARK: &str = "<svg data-generator=\"kirchhoff\" ";

/// What a PDF file says within its first bytes, as its first object, where this tool wrote it.
pub const PDF_MARK: &str = "/Producer (kirchhoff)";

/// The line by which a page of HTML says who wrote it.
pub const HTML_MARK: &str = "<meta name=\"generator\" content=\"kirchhoff\">";

/// Where the mark of a PNG file stands: behind the signature and the chunk of the header.
pub const PNG_MARK_AT: usize = 8 + 25;

/// So many bytes of a file are looked at for its mark. Headers of safetensors files begin with their notes, which may be long.
const HEAD: usize = 1 << 16;

/// Whether a file says that this tool wrote it: a safetensors file by a note of a name that begins with `kirchhoff`, a PNG
/// by its software, a PDF file by its producer, an SVG picture and a page by its generator, JSON by its first key, an ONNX model by its producer.
///
/// # Errors
/// A file that cannot be read.
pub(crate) fn says_so(path: &Path) -> io::Result<bool> {
    let mut head = Vec::new();
    File::open(path)?.take(HEAD as u64).read_to_end(&mut head)?;
    Ok(is_marked(&head))
}

/// Whether the first bytes of a file hold its mark.
fn is_marked(head: &[u8]) -> bool {
    let holds = |head: &[u8], mark: &str| head.windows(mark.len()).any(|window| window == mark.as_bytes());
    let page = &head[..head.len().min(1024)];
    is_marked_safetensors(head)
        || head
            .get(PNG_MARK_AT..)
            .is_some_and(|chunks| head.starts_with(b"\x89PNG\r\n\x1a\n") && chunks.starts_with(&PNG_MARK))
        || head.starts_with(SVG_MARK.as_bytes())
        || (page.starts_with(b"%PDF-") && holds(page, PDF_MARK))
        || (page.starts_with(b"<!DOCTYPE html>") && holds(page, HTML_MARK))
        || json_key(head) == Some(GENERATOR.as_bytes())
        || is_marked_onnx(head)
}

/// The first key of a JSON object.
fn json_key(head: &[u8]) -> Option<&[u8]> {
    let key = head.strip_prefix(b"{")?.trim_ascii_start().strip_prefix(b"\"")?;
    Some(&key[..key.iter().position(|&byte| byte == b'"')?])
}

/// The notes stand first in the headers that this crate writes; one of them has a name that begins with `kirchhoff`.
fn is_marked_safetensors(head: &[u8]) -> bool {
    let Some(notes) = head.get(8..).and_then(|header| header.strip_prefix(b"{\"__metadata__\":{")) else {
        return false;
    };
    // Within the notes only: no brace closes them inside a text, where quotes are escaped.
    let mut inside = false;
    let mut at = 0;
    while at < notes.len() {
        match notes[at] {
            b'\\' if inside => at += 1,
            b'"' if !inside && notes[at + 1..].starts_with(GENERATOR.as_bytes()) => {
                let before = notes[..at].trim_ascii_end().last();
                if matches!(before, None | Some(b',')) {
                    return true;
                }
                inside = true;
            }
            b'"' => inside = !inside,
            b'}' if !inside => return false,
            _ => {}
        }
        at += 1;
    }
    false
}

/// The version of the format, a small number, then the producer.
fn is_marked_onnx(head: &[u8]) -> bool {
    let producer = head.get(2..).and_then(|rest| rest.strip_prefix(&[0x12, GENERATOR.len() as u8]));
    head.first() == Some(&0x08) && producer.is_some_and(|rest| rest.starts_with(GENERATOR.as_bytes()))
}

/// Whether nothing of an older file is lost when a newer one takes its name: it is marked as this tool's, holds the same
/// bytes, or is a table with the same columns.
///
/// # Errors
/// A file that cannot be read.
pub(crate) fn may_go(old: &Path, new: &Path, name: &Path) -> io::Result<bool> {
    let is_table = name.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("csv"));
    Ok(says_so(old)? || (is_table && first_line(old)? == first_line(new)?) || same(old, new)?)
}

fn first_line(path: &Path) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    BufReader::new(File::open(path)?).take(HEAD as u64).read_until(b'\n', &mut line)?;
    Ok(line)
}

/// Whether two files hold the same bytes.
fn same(one: &Path, other: &Path) -> io::Result<bool> {
    let (one, other) = (File::open(one)?, File::open(other)?);
    if one.metadata()?.len() != other.metadata()?.len() {
        return Ok(false);
    }
    let (mut one, mut other) = (BufReader::new(one), BufReader::new(other));
    loop {
        let (left, right) = (one.fill_buf()?, other.fill_buf()?);
        let length = left.len().min(right.len());
        if left[..length] != right[..length] {
            return Ok(false);
        }
        if length == 0 {
            return Ok(true);
        }
        one.consume(length);
        other.consume(length);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_known_where_their_formats_have_them() {
        let png = [b"\x89PNG\r\n\x1a\n".as_slice(), &[0; 25], &PNG_MARK].concat();
        let tensors = |notes: &str| [&[0; 8], format!("{{\"__metadata__\":{{{notes}}},\"a\":").as_bytes()].concat();
        let page = format!("<!DOCTYPE html>\n<html><head>{HTML_MARK}");
        for marked in [
            png.clone(),
            tensors("\"kirchhoff\":\"0.1.0\""),
            tensors("\"a\":\"} \\\" \",\"kirchhoff-circuit\":\"{}\""),
            page.into_bytes(),
            format!("%PDF-1.7\n1 0 obj\n<<\n  {PDF_MARK}\n").into_bytes(),
            format!("{SVG_MARK}width=\"7\">").into_bytes(),
            b"{\n  \"kirchhoff\": \"0.1.0\"".to_vec(),
            b"\x08\x09\x12\x09kirchhoff".to_vec(),
        ] {
            assert!(is_marked(&marked), "{}", String::from_utf8_lossy(&marked));
        }
        for other in [
            b"".to_vec(),
            b"my notes about kirchhoff".to_vec(),
            png[..png.len() - 1].to_vec(),
            tensors("\"format\":\"kirchhoff\""),
            [tensors("\"format\":\"pt\"").as_slice(), b",\"kirchhoff\":\"\""].concat(),
            b"{\"a\": \"kirchhoff\"}".to_vec(),
            b"<svg width=\"7\"/>".to_vec(),
            b"%PDF-1.7\n1 0 obj\n<<\n  /Producer (another)\n".to_vec(),
            b"<!DOCTYPE html>\n<html></html>".to_vec(),
        ] {
            assert!(!is_marked(&other), "{}", String::from_utf8_lossy(&other));
        }
    }
}
