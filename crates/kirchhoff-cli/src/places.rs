//! Elements of inputs, as users write them.

use kirchhoff::data::Inputs;
use kirchhoff::network::Network;

use crate::failure::Failure;

/// The elements that texts such as `14,15`, `2,14,15` or `tokens[3]` mean: the part of the input, and the position in it.
/// Without a name they are of the first part; leading axes of length 1 may be left out.
pub fn elements(texts: &[String], inputs: &Inputs, network: &Network) -> Result<Vec<(usize, usize)>, Failure> {
    let parts: Vec<Part<'_>> = match &inputs.parts[..] {
        [] => vec![(network.known_as(network.input()), &inputs.shape, inputs.picture)],
        parts => parts.iter().map(|part| (&*part.name, &*part.shape, part.picture)).collect(),
    };
    texts.iter().map(|text| element(text, &parts)).collect()
}

/// A part of an input: its name, its shape, and the shape in which it can be drawn.
type Part<'a> = (&'a str, &'a [usize], Option<[usize; 3]>);

fn element(text: &str, parts: &[Part<'_>]) -> Result<(usize, usize), Failure> {
    let (name, indices) = match text.strip_suffix(']').and_then(|text| text.split_once('[')) {
        Some((name, indices)) => (Some(name).filter(|name| !name.is_empty()), indices),
        None => (None, text),
    };
    let part = match name {
        None => 0,
        Some(name) => parts.iter().position(|(known, ..)| *known == name).ok_or_else(|| {
            let known: Vec<&str> = parts.iter().map(|(name, ..)| *name).collect();
            Failure::usage(format!("--paths-of {text}: there is no input `{name}`; there are: {}", known.join(", ")))
        })?,
    };
    let (_, shape, picture) = parts[part];
    let indices: Option<Vec<usize>> = indices.split(',').map(|index| index.trim().parse().ok()).collect();
    let found = indices.and_then(|indices| {
        let picture = picture.as_ref().map(|picture| &picture[..]);
        [Some(shape), picture].into_iter().flatten().find_map(|shape| place(&indices, shape))
    });
    let sizes: Vec<String> = shape.iter().map(usize::to_string).collect();
    let element = found.ok_or_else(|| {
        Failure::usage(format!(
            "--paths-of {text} is no element of an input of shape {}: write its indices, such as {}",
            sizes.join(" × "),
            vec!["0"; shape.len()].join(",")
        ))
    })?;
    Ok((part, element))
}

/// The position of an element, if the indices are those of one; leading axes of length 1 may be left out.
pub fn place(indices: &[usize], shape: &[usize]) -> Option<usize> {
    let (left_out, axes) = shape.split_at(shape.len().checked_sub(indices.len())?);
    let fits = left_out.iter().all(|&length| length == 1) && axes.iter().zip(indices).all(|(length, at)| at < length);
    fits.then(|| axes.iter().zip(indices).fold(0, |place, (length, at)| place * length + at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_read_by_their_indices() {
        let parts: [Part<'_>; 2] = [("image", &[784], Some([1, 28, 28])), ("tokens", &[7], None)];
        let read = |text: &str| element(text, &parts).map_err(|failure| failure.to_string());
        assert_eq!(read("29"), Ok((0, 29)));
        assert_eq!(read("1,1"), Ok((0, 29)));
        assert_eq!(read("0,1,1"), Ok((0, 29)));
        assert_eq!(read("tokens[6]"), Ok((1, 6)));
        assert!(read("tokens[7]").unwrap_err().contains("shape 7"));
        assert!(read("words[0]").unwrap_err().contains("image, tokens"));
        for wrong in ["", "a", "1,28", "-1", "0,0,0,0", "784"] {
            assert!(read(wrong).unwrap_err().contains("no element"), "{wrong}");
        }
    }
}
