"""The part of Sparkplug B's payload that is read, described by its field numbers.

The numbers are those of the Sparkplug 3.0.0 specification, chapter 6. What is not described here
(templates, data sets, files, nested properties) passes as unknown fields. Texts are taken as bytes:
on the wire they are the same, and one that is not UTF-8 then spoils itself alone.
"""

from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_Field = descriptor_pb2.FieldDescriptorProto
_PACKAGE = "wattkeeper.sparkplug"

_BOOL, _BYTES = _Field.TYPE_BOOL, _Field.TYPE_BYTES
_UINT32, _UINT64 = _Field.TYPE_UINT32, _Field.TYPE_UINT64
_FLOAT, _DOUBLE = _Field.TYPE_FLOAT, _Field.TYPE_DOUBLE

_VALUE = {
    "int_value": (3, _UINT32),
    "long_value": (4, _UINT64),
    "float_value": (5, _FLOAT),
    "double_value": (6, _DOUBLE),
    "boolean_value": (7, _BOOL),
    "string_value": (8, _BYTES),
}
_METRIC_FIELDS = {
    "name": (1, _BYTES),
    "alias": (2, _UINT64),
    "timestamp": (3, _UINT64),
    "datatype": (4, _UINT32),
    "is_null": (7, _BOOL),
}
_METRIC_VALUE = {
    "int_value": (10, _UINT32),
    "long_value": (11, _UINT64),
    "float_value": (12, _FLOAT),
    "double_value": (13, _DOUBLE),
    "boolean_value": (14, _BOOL),
    "string_value": (15, _BYTES),
}


def _message(
    file: descriptor_pb2.FileDescriptorProto,
    name: str,
    fields: dict[str, tuple[int, "_Field.Type.ValueType"]],
    one_of: dict[str, tuple[int, "_Field.Type.ValueType"]] | None = None,
) -> descriptor_pb2.DescriptorProto:
    message = file.message_type.add(name=name)
    for field, (number, kind) in fields.items():
        message.field.add(name=field, number=number, type=kind, label=_Field.LABEL_OPTIONAL)
    if one_of:
        message.oneof_decl.add(name="value")
        for field, (number, kind) in one_of.items():
            message.field.add(
                name=field, number=number, type=kind, label=_Field.LABEL_OPTIONAL, oneof_index=0
            )
    return message


def _nested(
    message: descriptor_pb2.DescriptorProto, name: str, number: int, kind: str, *, many: bool
) -> None:
    label = _Field.LABEL_REPEATED if many else _Field.LABEL_OPTIONAL
    message.field.add(
        name=name,
        number=number,
        type=_Field.TYPE_MESSAGE,
        type_name=f".{_PACKAGE}.{kind}",
        label=label,
    )


def _payload_class() -> Any:
    file = descriptor_pb2.FileDescriptorProto(
        name="wattkeeper/sparkplug.proto", package=_PACKAGE, syntax="proto2"
    )
    _message(file, "PropertyValue", {"type": (1, _UINT32), "is_null": (2, _BOOL)}, _VALUE)
    properties = _message(file, "PropertySet", {})
    properties.field.add(name="keys", number=1, type=_BYTES, label=_Field.LABEL_REPEATED)
    _nested(properties, "values", 2, "PropertyValue", many=True)
    metric = _message(file, "Metric", _METRIC_FIELDS, _METRIC_VALUE)
    _nested(metric, "properties", 9, "PropertySet", many=False)
    payload = _message(file, "Payload", {"timestamp": (1, _UINT64), "seq": (3, _UINT64)})
    _nested(payload, "metrics", 2, "Metric", many=True)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.Payload"))


Payload: Any = _payload_class()
"""The message class; made at run time, so nothing knows its fields beforehand."""
