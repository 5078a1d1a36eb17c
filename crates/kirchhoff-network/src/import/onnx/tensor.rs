//! Tensors of the file and of the files beside it.

use std::cell::RefCell;
use std::collections::HashMap;
use std::ops::Range;
use std::path::{Component, Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use kirchhoff_file::{ByteOrder, MappedFile, NumberType};
use kirchhoff_kernel::Weights;
use prost::bytes::Bytes;

use super::constant::{Constant, Data};
use super::fault::{Fault, Result};
use super::proto::{EXTERNAL, Tensor, data_type};
use crate::operators::elements;

/// A mapped model file, and the files beside it that hold its larger tensors.
pub(super) struct Files {
    map: Arc<MappedFile>,
    folder: PathBuf,
    others: RefCell<HashMap<String, Arc<MappedFile>>>,
}

/// Lets the decoder hand out pieces of the mapped file instead of copies.
struct Mapped(Arc<MappedFile>);

impl AsRef<[u8]> for Mapped {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Files {
    /// Maps the model file at `path`.
    pub fn open(path: &Path) -> Result<Self> {
        let folder = path.parent().unwrap_or(Path::new("")).to_path_buf();
        Ok(Files {
            map: map(path).map_err(|error| Fault::Io(path.to_path_buf(), error))?,
            folder,
            others: RefCell::default(),
        })
    }

    /// The model file.
    pub fn bytes(&self) -> Bytes {
        Bytes::from_owner(Mapped(self.map.clone()))
    }

    /// The values of a tensor. Values of type `float` stay in the file wherever they are aligned there.
    pub fn read(&self, tensor: &Tensor) -> Result<Constant> {
        let label = || format!("tensor '{}'", tensor.name);
        let dims: Option<Vec<usize>> = tensor.dims.iter().map(|&length| usize::try_from(length).ok()).collect();
        let sized = dims.and_then(|dims| elements(&dims).map(|count| (dims, count)));
        let Some((dims, count)) = sized else {
            return Err(Fault::malformed(format!("{} has the impossible shape {:?}", label(), tensor.dims)));
        };
        let data = if tensor.data_location == EXTERNAL {
            let (map, range) = self.external(tensor)?;
            stored(tensor, &map, range)?
        } else if let Some(raw) = tensor.raw_data.as_ref().filter(|raw| !raw.is_empty()) {
            let start = raw.as_ptr() as usize - self.map.as_ptr() as usize;
            stored(tensor, &self.map, start..start + raw.len())?
        } else {
            typed(tensor)?
        };
        let constant = Constant { dims, data, origin: Some(Rc::from(&tensor.name[..])) };
        if constant.len() != count {
            let what = format!("{} of shape {:?} holds {} values", label(), tensor.dims, constant.len());
            return Err(Fault::malformed(format!("{what}; the file is damaged: export it again")));
        }
        Ok(constant)
    }

    /// The bytes of a tensor in a file of its own.
    fn external(&self, tensor: &Tensor) -> Result<(Arc<MappedFile>, Range<usize>)> {
        let entry = |key: &str| tensor.external_data.iter().find(|entry| entry.key == key).map(|entry| &entry.value);
        let malformed = |what: String| Fault::malformed(format!("tensor '{}' {what}", tensor.name));
        let Some(location) = entry("location") else {
            return Err(malformed("is in another file, but does not say in which".to_string()));
        };
        let relative = Path::new(location);
        let inside =
            relative.components().all(|component| matches!(component, Component::Normal(_) | Component::CurDir));
        if !inside || relative.as_os_str().is_empty() {
            let what = "which is not inside the model's folder: move it there and say so in the model";
            return Err(malformed(format!("is in '{location}', {what}")));
        }
        let cached = self.others.borrow().get(location).cloned();
        let map = match cached {
            Some(map) => map,
            None => {
                let path = self.folder.join(relative);
                let opened = map(&path).map_err(|error| {
                    let what = "put the file that was exported with the model back there";
                    malformed(format!("has its values in {}, which cannot be read ({error}): {what}", path.display()))
                })?;
                self.others.borrow_mut().insert(location.clone(), opened.clone());
                opened
            }
        };
        let number = |key: &str| match entry(key) {
            None => Ok(None),
            Some(text) => match text.parse::<usize>() {
                Ok(number) => Ok(Some(number)),
                Err(_) => Err(malformed(format!("has the {key} '{text}', which is not a number of bytes"))),
            },
        };
        let start = number("offset")?.unwrap_or(0);
        let end = match number("length")? {
            Some(length) => start.checked_add(length),
            None => Some(map.len()),
        };
        match end.filter(|&end| start <= end && end <= map.len()) {
            Some(end) => Ok((map, start..end)),
            None => {
                let length = number("length")?.map_or("the rest".to_string(), |length| format!("{length} bytes"));
                let what = format!("{length} from byte {start} of '{location}', which has {} bytes", map.len());
                Err(malformed(format!("should be {what}: one of the two files is damaged or of another model")))
            }
        }
    }
}

fn map(path: &Path) -> std::io::Result<Arc<MappedFile>> {
    MappedFile::open(path).map(Arc::new)
}

/// Values stored as little-endian bytes.
fn stored(tensor: &Tensor, map: &Arc<MappedFile>, range: Range<usize>) -> Result<Data> {
    let bytes = &map[range.clone()];
    let kind = number_type(tensor)?;
    if !bytes.len().is_multiple_of(kind.size()) {
        let (name, kind) = (&tensor.name, data_type::name(tensor.data_type));
        let what = format!("tensor '{name}' of type {kind} holds {} bytes, not whole values", bytes.len());
        return Err(Fault::malformed(what));
    }
    Ok(match kind {
        NumberType::F32 => Data::Float(Weights::mapped(map, range).expect("a checked range")),
        kind => match kind.to_integers(ByteOrder::Little, bytes) {
            Some(integers) => Data::Integer(integers),
            None => Data::Float(kind.to_floats(ByteOrder::Little, bytes)),
        },
    })
}

/// The type of a tensor's values, where they are read.
fn number_type(tensor: &Tensor) -> Result<NumberType> {
    Ok(match tensor.data_type {
        data_type::FLOAT => NumberType::F32,
        data_type::DOUBLE => NumberType::F64,
        data_type::FLOAT16 => NumberType::F16,
        data_type::BFLOAT16 => NumberType::Bf16,
        data_type::INT64 => NumberType::I64,
        data_type::INT32 => NumberType::I32,
        data_type::BOOL => NumberType::Bool,
        _ => {
            let kind = data_type::name(tensor.data_type);
            let what =
                "only float, double, float16, bfloat16, int32, int64 and bool are read: export the model in float";
            return Err(Fault::unsupported(format!("tensor '{}' is of type {kind}; {what}", tensor.name)));
        }
    })
}

/// Values stored in the field of their type; half-precision types are bits in the field of 32-bit integers.
fn typed(tensor: &Tensor) -> Result<Data> {
    let half = |kind: NumberType| {
        let bits: Vec<u8> = tensor.int32_data.iter().flat_map(|&bits| (bits as u16).to_le_bytes()).collect();
        Data::Float(kind.to_floats(ByteOrder::Little, &bits))
    };
    Ok(match number_type(tensor)? {
        NumberType::F32 => Data::Float(tensor.float_data.iter().copied().collect()),
        NumberType::F64 => Data::Float(tensor.double_data.iter().map(|&value| value as f32).collect()),
        kind @ (NumberType::F16 | NumberType::Bf16) => half(kind),
        NumberType::I64 => Data::Integer(tensor.int64_data.iter().copied().collect()),
        _ => Data::Integer(tensor.int32_data.iter().map(|&value| i64::from(value)).collect()),
    })
}
