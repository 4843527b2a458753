//! ONNX models as plans that run with inputs of every length.

use std::sync::Arc;

use tract_onnx::prelude::*;

/// A plan for `model`, whose inputs are described in order.
pub(crate) fn plan(mut model: InferenceModel, inputs: &[Input]) -> TractResult<Arc<TypedRunnableModel>> {
    // tract indexes inputs unchecked.
    let count = model.input_outlets()?.len();
    if count != inputs.len() {
        return Err(TractError::msg(format!("{count} inputs instead of {}", inputs.len())));
    }
    let length = model.symbols.sym("length");
    for (place, input) in inputs.iter().enumerate() {
        let fact = match input {
            Input::Numbers => InferenceFact::dt_shape(i64::datum_type(), tvec!(1.to_dim(), length.to_dim())),
            Input::Factor => InferenceFact::dt_shape(f32::datum_type(), tvec!(1.to_dim())),
        };
        model.set_input_fact(place, fact)?;
    }
    model.into_optimized()?.into_runnable()
}

/// What a model takes.
pub(crate) enum Input {
    /// A row of whole numbers, as many as there are.
    Numbers,
    /// One number.
    Factor,
}
