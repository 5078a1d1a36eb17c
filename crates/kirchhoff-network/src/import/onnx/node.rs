//! Access to a node's inputs and attributes, with errors that say which node they are about.

use super::fault::{Fault, Result};
use super::proto::{self, Attribute, attribute_kind as kind};

/// A node of the ONNX graph.
#[derive(Clone, Copy)]
pub(super) struct Node<'a> {
    /// Its position in the graph.
    pub index: usize,
    proto: &'a proto::Node,
}

impl<'a> Node<'a> {
    pub fn new(index: usize, proto: &'a proto::Node) -> Self {
        Node { index, proto }
    }

    /// The operator's name, with its domain unless that is ONNX's own.
    pub fn operator(&self) -> String {
        match &self.proto.domain[..] {
            "" | "ai.onnx" => self.proto.op_type.clone(),
            domain => format!("{domain}.{}", self.proto.op_type),
        }
    }

    /// How messages speak of the node.
    pub fn label(&self) -> String {
        if self.proto.name.is_empty() {
            format!("node {} ({})", self.index, self.operator())
        } else {
            format!("node '{}' ({})", self.proto.name, self.operator())
        }
    }

    /// The name of the network node that it becomes, if that is free.
    pub fn name(&self) -> String {
        if self.proto.name.is_empty() {
            format!("{}_{}", self.proto.op_type.to_lowercase(), self.index)
        } else {
            self.proto.name.clone()
        }
    }

    /// What has no counterpart here, about this node.
    pub fn unsupported(&self, what: impl std::fmt::Display) -> Fault {
        Fault::unsupported(format!("{} {what}", self.label()))
    }

    /// What contradicts the format, about this node.
    pub fn malformed(&self, what: impl std::fmt::Display) -> Fault {
        Fault::malformed(format!("{} {what}", self.label()))
    }

    /// The name of an input, unless it is left out.
    pub fn input(&self, position: usize) -> Option<&'a str> {
        self.proto.input.get(position).map(|name| &name[..]).filter(|name| !name.is_empty())
    }

    /// The names of all inputs that are not left out.
    pub fn inputs(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.proto.input.iter().map(|name| &name[..]).filter(|name| !name.is_empty())
    }

    /// The names of all outputs; empty for those that are left out.
    pub fn outputs(&self) -> &'a [String] {
        &self.proto.output
    }

    fn attribute(&self, name: &str, expected: i32) -> Result<Option<&'a Attribute>> {
        let Some(attribute) = self.proto.attribute.iter().find(|attribute| attribute.name == name) else {
            return Ok(None);
        };
        if attribute.kind != expected && attribute.kind != kind::UNSET {
            let what = format!("has an attribute '{name}' of kind {}, which should be {expected}", attribute.kind);
            return Err(self.malformed(what));
        }
        Ok(Some(attribute))
    }

    /// Whether it has an attribute.
    pub fn has(&self, name: &str) -> bool {
        self.proto.attribute.iter().any(|attribute| attribute.name == name)
    }

    /// An integer, or the default where it is missing.
    pub fn int(&self, name: &str, default: i64) -> Result<i64> {
        Ok(self.attribute(name, kind::INT)?.map_or(default, |attribute| attribute.i))
    }

    /// An integer that is 0 or 1.
    pub fn flag(&self, name: &str, default: bool) -> Result<bool> {
        match self.int(name, i64::from(default))? {
            0 => Ok(false),
            1 => Ok(true),
            other => Err(self.malformed(format!("has {name} = {other}, which should be 0 or 1"))),
        }
    }

    /// A number, or the default where it is missing.
    pub fn float(&self, name: &str, default: f32) -> Result<f32> {
        Ok(self.attribute(name, kind::FLOAT)?.map_or(default, |attribute| attribute.f))
    }

    /// A list of integers.
    pub fn ints(&self, name: &str) -> Result<Option<&'a [i64]>> {
        Ok(self.attribute(name, kind::INTS)?.map(|attribute| &attribute.ints[..]))
    }

    /// A list of numbers.
    pub fn floats(&self, name: &str) -> Result<Option<&'a [f32]>> {
        Ok(self.attribute(name, kind::FLOATS)?.map(|attribute| &attribute.floats[..]))
    }

    /// A text, or the default where it is missing or empty.
    pub fn text(&self, name: &str, default: &'static str) -> Result<String> {
        match self.attribute(name, kind::STRING)? {
            Some(attribute) if !attribute.s.is_empty() => Ok(String::from_utf8_lossy(&attribute.s).into_owned()),
            _ => Ok(default.to_string()),
        }
    }

    /// A list of texts, or none.
    pub fn texts(&self, name: &str) -> Result<Vec<String>> {
        let texts = self.attribute(name, kind::STRINGS)?.map_or(&[][..], |attribute| &attribute.strings[..]);
        Ok(texts.iter().map(|text| String::from_utf8_lossy(text).into_owned()).collect())
    }

    /// A tensor.
    pub fn tensor(&self, name: &str) -> Result<Option<&'a proto::Tensor>> {
        Ok(self.attribute(name, kind::TENSOR)?.and_then(|attribute| attribute.t.as_ref()))
    }

    /// An axis counted from 0, of one that may count from the end.
    pub fn axis(&self, axis: i64, rank: usize) -> Result<usize> {
        let from_start = if axis < 0 { axis.checked_add_unsigned(rank as u64) } else { Some(axis) };
        from_start
            .and_then(|axis| usize::try_from(axis).ok())
            .filter(|&axis| axis < rank)
            .ok_or_else(|| self.malformed(format!("names axis {axis} of a tensor with {rank} axes")))
    }

    /// A list of integers that are sizes, one for each of `count` axes.
    pub fn sizes(&self, name: &str, values: &[i64], count: usize) -> Result<Vec<usize>> {
        let sizes: Option<Vec<_>> = values.iter().map(|&value| usize::try_from(value).ok()).collect();
        match sizes {
            None => Err(self.unsupported(format!("has negative {name} {values:?}; export the model without them"))),
            Some(sizes) if sizes.len() != count => {
                Err(self.malformed(format!("has {} {name}, which should be {count}: {values:?}", sizes.len())))
            }
            Some(sizes) => Ok(sizes),
        }
    }
}
