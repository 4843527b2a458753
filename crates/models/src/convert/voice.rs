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

#[cfg(test)]
mod tests {
    use tract_onnx::pb::{AttributeProto, ModelProto, TypeProto, ValueInfoProto, type_proto};

    use super::*;

    fn node(kind: &str, inputs: &[&str], outputs: &[&str]) -> NodeProto {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        NodeProto {
            op_type: kind.into(),
            name: outputs[0].into(),
            input: owned(inputs),
            output: owned(outputs),
            ..NodeProto::default()
        }
    }

    fn cast(input: &str, output: &str, to: DataType) -> NodeProto {
        let to = AttributeProto { name: "to".into(), i: i32::from(to).into(), ..AttributeProto::default() };
        NodeProto { attribute: vec![to], ..node("Cast", &[input], &[output]) }
    }

    fn bytes(name: &str, dims: &[i64], values: &[u8]) -> TensorProto {
        let kind = DataType::Uint8.into();
        TensorProto {
            name: name.into(),
            dims: dims.to_vec(),
            data_type: kind,
            raw_data: values.to_vec(),
            ..TensorProto::default()
        }
    }

    fn value(name: &str) -> ValueInfoProto {
        let tensor = type_proto::Tensor { elem_type: 1, shape: Some(Default::default()) };
        let kind = TypeProto { value: Some(Value::TensorType(tensor)), ..TypeProto::default() };
        ValueInfoProto { name: name.into(), r#type: Some(kind), ..ValueInfoProto::default() }
    }

    /// A quantised product over `x`, and a range as long as the sum of durations.
    fn graph() -> GraphProto {
        let one =
            TensorProto { data_type: DataType::Int64.into(), int64_data: vec![1], ..TensorProto::default() };
        let one = AttributeProto { name: "value".into(), t: Some(one), ..AttributeProto::default() };
        GraphProto {
            node: vec![
                node("DynamicQuantizeLinear", &["x"], &["q", "s", "z"]),
                node("Mul", &["s", "ws"], &["scales"]),
                node("MatMulInteger", &["q", "w", "z", "wz"], &["sum"]),
                cast("sum", "sumf", DataType::Float),
                node("Mul", &["sumf", "scales"], &["y"]),
                cast("y", "durations", DataType::Int64),
                node("CumSum", &["durations", "axis"], &["ends"]),
                NodeProto { attribute: vec![one], ..node("Constant", &[], &["one"]) },
                node("Range", &["one", "durations", "one"], &["frames"]),
            ],
            initializer: vec![
                bytes("w", &[2, 2], &[10, 12, 8, 14]),
                bytes("wz", &[], &[10]),
                floats("ws".into(), vec![], &[0.5]),
                bytes("unused", &[], &[0]),
            ],
            output: vec![value("ends"), value("frames")],
            value_info: vec![value("sum")],
            ..GraphProto::default()
        }
    }

    fn edited(graph: GraphProto) -> Result<GraphProto, ConvertError> {
        let model = ModelProto { graph: Some(graph), ..ModelProto::default() };
        Ok(parse(&edit(&model.encode_to_vec())?)?.1)
    }

    #[test]
    fn products_become_float_and_what_fed_them_goes() {
        let graph = edited(graph()).unwrap();
        let kinds: Vec<&str> = graph.node.iter().map(|node| node.op_type.as_str()).collect();
        assert_eq!(kinds, ["MatMul", "Cast", "CumSum", "Constant", "Range"]);
        assert_eq!(graph.node[0].input, ["x", "w.f32"]);
        assert_eq!(graph.node[0].output, ["y"]);
        let names: Vec<&str> = graph.initializer.iter().map(|tensor| tensor.name.as_str()).collect();
        assert_eq!(names, ["w.f32"]);
        assert_eq!(values(&graph.initializer[0]).unwrap(), [0.0, 1.0, -1.0, 2.0]);
    }

    #[test]
    fn durations_stay_floats_and_shapes_go() {
        let graph = edited(graph()).unwrap();
        assert_eq!(graph.node[1].attribute[0].i, i64::from(i32::from(DataType::Float)));
        assert_eq!(values(graph.node[3].attribute[0].t.as_ref().unwrap()).unwrap(), [1.0]);
        assert!(graph.value_info.is_empty());
        let Some(Value::TensorType(tensor)) = &graph.output[0].r#type.as_ref().unwrap().value else {
            panic!("a tensor")
        };
        assert!(tensor.shape.is_none());
    }

    #[test]
    fn graphs_of_another_kind_are_errors() {
        assert!(edit(b"not a model").is_err());
        assert!(edit(&ModelProto::default().encode_to_vec()).unwrap_err().to_string().contains("no graph"));
        assert!(edited(GraphProto::default()).unwrap_err().to_string().contains("CumSum"));
        let mut per_column = graph();
        per_column.initializer[1] = bytes("wz", &[2], &[10, 10]);
        assert!(edited(per_column).unwrap_err().to_string().contains("one scale per tensor"));
        let mut short = graph();
        short.initializer[0] = bytes("w", &[1 << 40, 1 << 40], &[1]);
        assert!(edited(short).unwrap_err().to_string().contains("do not fit its shape"));
        let mut strange = graph();
        strange.node[0].op_type = "QuantizeLinear".into();
        assert!(edited(strange).unwrap_err().to_string().contains("unexpected nodes"));
        let whole = ModelProto { graph: Some(graph()), ..ModelProto::default() }.encode_to_vec();
        for length in 0..whole.len() {
            let _ = edit(&whole[..length]);
        }
    }
}
