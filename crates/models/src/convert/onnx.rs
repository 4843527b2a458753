//! Small helpers over ONNX's protobuf messages.

use std::collections::{HashMap, HashSet};

use prost::Message;
use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::{GraphProto, ModelProto, NodeProto, TensorProto};

use super::ConvertError;

/// Parses a model and gives it with its graph taken out.
pub(super) fn parse(bytes: &[u8]) -> Result<(ModelProto, GraphProto), ConvertError> {
    let mut model = ModelProto::decode(bytes)
        .map_err(|error| ConvertError::Input(format!("not an ONNX model: {error}")))?;
    let graph = model.graph.take().ok_or_else(|| ConvertError::input("the ONNX model has no graph"))?;
    Ok((model, graph))
}

/// The values of a tensor of 8-bit integers, signed or not, or of floats; however it stores them.
pub(super) fn values(tensor: &TensorProto) -> Result<Vec<f32>, ConvertError> {
    let raw = &tensor.raw_data;
    let kind = DataType::try_from(tensor.data_type).unwrap_or(DataType::Undefined);
    let values: Vec<f32> = match kind {
        DataType::Float if raw.is_empty() => tensor.float_data.clone(),
        DataType::Float => raw.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect(),
        DataType::Int8 | DataType::Uint8 if raw.is_empty() => {
            tensor.int32_data.iter().map(|value| *value as f32).collect()
        }
        DataType::Int8 => raw.iter().map(|byte| f32::from(byte.cast_signed())).collect(),
        DataType::Uint8 => raw.iter().map(|byte| f32::from(*byte)).collect(),
        other => {
            return Err(ConvertError::Input(format!(
                "tensor {}: type {other:?} is not supported",
                tensor.name
            )));
        }
    };
    let expected = tensor.dims.iter().try_fold(1_i64, |product, dim| product.checked_mul(*dim));
    if expected.and_then(|count| usize::try_from(count).ok()) != Some(values.len()) {
        return Err(ConvertError::Input(format!(
            "tensor {}: {} values do not fit its shape",
            tensor.name,
            values.len()
        )));
    }
    Ok(values)
}

/// A tensor of floats.
pub(super) fn floats(name: String, dims: Vec<i64>, values: &[f32]) -> TensorProto {
    TensorProto {
        name,
        dims,
        data_type: DataType::Float.into(),
        raw_data: values.iter().flat_map(|value| value.to_le_bytes()).collect(),
        ..TensorProto::default()
    }
}

/// Index of the node that makes each value.
pub(super) fn producers(nodes: &[NodeProto]) -> HashMap<String, usize> {
    let outputs = |(index, node): (usize, &NodeProto)| {
        node.output.iter().map(move |name| (name.clone(), index)).collect::<Vec<_>>()
    };
    nodes.iter().enumerate().flat_map(outputs).collect()
}

/// Drops the nodes and initializers that no output of the graph depends on.
pub(super) fn prune(graph: &mut GraphProto) {
    let producers = producers(&graph.node);
    let mut needed: HashSet<String> = HashSet::new();
    let mut open: Vec<String> = graph.output.iter().map(|output| output.name.clone()).collect();
    while let Some(name) = open.pop() {
        if !needed.insert(name.clone()) {
            continue;
        }
        if let Some(node) = producers.get(&name).and_then(|index| graph.node.get(*index)) {
            open.extend(node.input.iter().cloned());
        }
    }
    graph.node.retain(|node| node.output.iter().any(|name| needed.contains(name)));
    graph.initializer.retain(|tensor| needed.contains(&tensor.name));
}
