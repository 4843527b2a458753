//! One D-Bus interface of the car from a table of its members.

/// Declares `OnBus`, the D-Bus face of a domain: properties are read from the car, methods and
/// queries (methods with a result) forward to functions of the same name, which check and change.
macro_rules! domain {
    (
        $interface:literal, |$car:ident| $state:expr;
        properties { $($property:ident: $kind:ident = $read:expr;)* }
        methods { $(fn $method:ident($($arg:ident: $type:ident),*);)* }
        queries { $(fn $query:ident($($input:ident: $input_type:ident),*) -> $output:ident;)* }
    ) => {
        /// The domain on the bus.
        pub(crate) struct OnBus(pub(crate) std::sync::Arc<crate::cabin::Cabin>);

        #[zbus::interface(name = $interface, introspection_docs = false)]
        impl OnBus {
            $(
                #[zbus(property)]
                fn $property(&self) -> $kind {
                    let $car = &mut *self.0.car();
                    $read
                }
            )*
            $(
                async fn $method(
                    &self,
                    $($arg: $type,)*
                    #[zbus(signal_emitter)] emitter: zbus::object_server::SignalEmitter<'_>,
                ) -> Result<(), crate::refusal::Refusal> {
                    let text = domain!(@text $interface, $method, $($arg),*);
                    self.0.call(self, &emitter, || text, |$car| $state.$method($($arg),*)).await
                }
            )*
            $(
                #[zbus(out_args("value"))]
                async fn $query(
                    &self,
                    $($input: $input_type,)*
                    #[zbus(signal_emitter)] emitter: zbus::object_server::SignalEmitter<'_>,
                ) -> Result<$output, crate::refusal::Refusal> {
                    let text = domain!(@text $interface, $query, $($input),*);
                    self.0.call(self, &emitter, || text, |$car| $state.$query($($input),*)).await
                }
            )*
        }
    };
    (@text $interface:literal, $method:ident, $($arg:ident),*) => {{
        let arguments: &[String] = &[$(format!("{}={:?}", stringify!($arg), $arg)),*];
        format!("{} {} {}", $interface, stringify!($method), arguments.join(" "))
    }};
}
