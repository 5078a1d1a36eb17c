//! The names of variables, as arrays: one after the other, and where each ends.

/// Names as two arrays.
pub(super) struct Names {
    /// Where each name ends, in bytes.
    pub ends: Vec<u32>,
    /// All of them, in UTF-8.
    pub text: Vec<u8>,
}

impl Names {
    /// The arrays of names, or in words why there are none.
    pub fn new(names: &[String]) -> Result<Self, String> {
        let length: usize = names.iter().map(String::len).sum();
        if u32::try_from(length).is_err() {
            return Err(format!(
                "the names of the variables take {length} bytes, and a file has room for {}",
                u32::MAX
            ));
        }
        let mut arrays = Names { ends: Vec::with_capacity(names.len()), text: Vec::with_capacity(length) };
        for name in names {
            arrays.text.extend_from_slice(name.as_bytes());
            arrays.ends.push(arrays.text.len() as u32);
        }
        Ok(arrays)
    }
}

/// The names in two arrays, which may hold anything.
pub(super) fn split(ends: &[u32], text: &[u8]) -> Result<Vec<String>, String> {
    let last = ends.last().map_or(0, |&end| end as usize);
    if last != text.len() {
        return Err(format!("the names of the variables end at byte {last} of {}", text.len()));
    }
    let starts = [0].into_iter().chain(ends.iter().copied());
    let name = |(number, (start, &end)): (usize, (u32, &u32))| {
        let name = text.get(start as usize..end as usize).and_then(|bytes| std::str::from_utf8(bytes).ok());
        name.map(str::to_string).ok_or_else(|| format!("the name of variable {number} is no text"))
    };
    starts.zip(ends).enumerate().map(name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_back() {
        for names in [vec![], vec![""], vec!["", "a", "", "w2[17→4]", ""]] {
            let names: Vec<String> = names.into_iter().map(str::to_string).collect();
            let Names { ends, text } = Names::new(&names).unwrap();
            assert_eq!(split(&ends, &text), Ok(names));
        }
    }

    #[test]
    fn other_arrays_are_refused() {
        assert!(split(&[1], b"").is_err() && split(&[], b"a").is_err(), "too short, or too long");
        assert!(split(&[2, 1, 3], b"abc").unwrap_err().contains("variable 1"), "back and forth");
        assert!(split(&[1, 9, 3], b"abc").unwrap_err().contains("variable 1"), "beyond the end");
        assert!(split(&[1, 2], "é".as_bytes()).unwrap_err().contains("variable 0"), "half a character");
    }
}
