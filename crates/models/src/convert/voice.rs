//! Edits the voice's ONNX graph for tract.
//!
//! 1. Declared shapes of inner values and outputs go: tract derives its own and finds these contradictory.
//! 2. Durations stay floats: tract turns 64-bit integers into symbolic dimensions, which its `CumSum` and
//!    `Range` cannot add. The values are small whole numbers, so nothing is lost.
//! 3. Quantised weights become floats: tract multiplies floats twice as fast as dynamically quantised bytes.

use std::collections::{HashMap, HashSet};

use prost::Message;
use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::type_proto::Value;
use tract_onnx::pb::{GraphProto, NodeProto, TensorProto};

use super::ConvertError;
use super::onnx::{floats, parse, producers, prune, values};

/// The edited model, encoded.
pub(super) fn edit(bytes: &[u8]) -> Result<Vec<u8>, ConvertError> {
    let (mut model, mut graph) = parse(bytes)?;
    drop_shapes(&mut graph);
    keep_durations_float(&mut graph)?;
    dequantise(&mut graph)?;
    prune(&mut graph);
    model.graph = Some(graph);
    Ok(model.encode_to_vec())
}

fn drop_shapes(graph: &mut GraphProto) {
    graph.value_info.clear();
    for output in &mut graph.output {
        if let Some(Value::TensorType(tensor)) = output.r#type.as_mut().and_then(|kind| kind.value.as_mut()) {
            tensor.shape = None;
        }
    }
}

/// Makes every operand of `CumSum` and `Range` that is cast to, or a constant of, 64-bit integers a float.
fn keep_durations_float(graph: &mut GraphProto) -> Result<(), ConvertError> {
    let mut operands: HashSet<String> = HashSet::new();
    for node in &graph.node {
        match node.op_type.as_str() {
            // The second input of CumSum is its axis.
            "CumSum" => operands.extend(node.input.iter().take(1).cloned()),
            "Range" => operands.extend(node.input.iter().cloned()),
            _ => {}
        }
    }
    if operands.is_empty() {
        return Err(ConvertError::input("the voice has no CumSum or Range over durations"));
    }
    for node in graph.node.iter_mut().filter(|node| node.output.iter().any(|name| operands.contains(name))) {
        match node.op_type.as_str() {
            "Cast" => {
                for attribute in node.attribute.iter_mut().filter(|attribute| attribute.name == "to") {
                    attribute.i = i32::from(DataType::Float).into();
                }
            }
            "Constant" => {
                for tensor in node.attribute.iter_mut().filter_map(|attribute| attribute.t.as_mut()) {
                    *tensor = whole_to_float(tensor)?;
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// A constant of 64-bit integers as floats.
fn whole_to_float(tensor: &TensorProto) -> Result<TensorProto, ConvertError> {
    if tensor.data_type != i32::from(DataType::Int64) {
        return Err(ConvertError::Input(format!("constant {}: expected 64-bit integers", tensor.name)));
    }
    let raw = tensor.raw_data.as_chunks().0.iter().map(|bytes| i64::from_le_bytes(*bytes));
    let values: Vec<f32> = raw.chain(tensor.int64_data.iter().copied()).map(|value| value as f32).collect();
    Ok(floats(tensor.name.clone(), tensor.dims.clone(), &values))
}

/// Replaces each `DynamicQuantizeLinear -> MatMulInteger -> Cast -> Mul` by a `MatMul` of floats. What
/// fed only the old nodes is left for [`prune`].
fn dequantise(graph: &mut GraphProto) -> Result<(), ConvertError> {
    let makers = producers(&graph.node);
    let maker = |name: &str| makers.get(name).and_then(|index| graph.node.get(*index));
    let tensors: HashMap<&str, &TensorProto> =
        graph.initializer.iter().map(|tensor| (tensor.name.as_str(), tensor)).collect();
    let mut replacements: HashMap<usize, NodeProto> = HashMap::new();
    let mut weights: HashMap<String, TensorProto> = HashMap::new();
    for (index, rescale) in graph.node.iter().enumerate().filter(|(_, node)| node.op_type == "Mul") {
        let [accumulator, scales] = rescale.input.as_slice() else { continue };
        let product = maker(accumulator)
            .filter(|node| node.op_type == "Cast")
            .and_then(|cast| maker(cast.input.first()?))
            .filter(|node| node.op_type == "MatMulInteger");
        let Some(product) = product else { continue };
        let pattern =
            || ConvertError::Input(format!("{}: unexpected nodes around a quantised product", product.name));
        let [quantised, weight, _, zero_point] = product.input.as_slice() else { return Err(pattern()) };
        let input = maker(quantised)
            .filter(|node| node.op_type == "DynamicQuantizeLinear")
            .and_then(|node| node.input.first());
        let scale =
            maker(scales).and_then(|node| node.input.iter().find_map(|name| tensors.get(name.as_str())));
        let (Some(input), Some(scale)) = (input, scale) else { return Err(pattern()) };
        let (Some(weight), Some(zero_point)) =
            (tensors.get(weight.as_str()), tensors.get(zero_point.as_str()))
        else {
            return Err(pattern());
        };
        let name = format!("{}.f32", weight.name);
        if !weights.contains_key(&name) {
            weights.insert(name.clone(), dequantised(name.clone(), weight, zero_point, scale)?);
        }
        let node = NodeProto {
            name: format!("{}.f32", product.name),
            op_type: "MatMul".to_owned(),
            input: vec![input.clone(), name],
            output: rescale.output.clone(),
            ..NodeProto::default()
        };
        replacements.insert(index, node);
    }
    for (index, node) in replacements {
        if let Some(place) = graph.node.get_mut(index) {
            *place = node;
        }
    }
    let mut weights: Vec<TensorProto> = weights.into_values().collect();
    weights.sort_by(|left, right| left.name.cmp(&right.name));
    graph.initializer.extend(weights);
    Ok(())
}

/// `(weight - zero point) * scale`, one scale and zero point for the whole tensor.
fn dequantised(
    name: String,
    weight: &TensorProto,
    zero_point: &TensorProto,
    scale: &TensorProto,
) -> Result<TensorProto, ConvertError> {
    let (&[zero_point], &[scale]) = (values(zero_point)?.as_slice(), values(scale)?.as_slice()) else {
        return Err(ConvertError::Input(format!("tensor {}: one scale per tensor expected", weight.name)));
    };
    let floats_of_weight: Vec<f32> =
        values(weight)?.into_iter().map(|value| (value - zero_point) * scale).collect();
    Ok(floats(name, weight.dims.clone(), &floats_of_weight))
}
