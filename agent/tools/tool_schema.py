"""JSON schema of a tool from its documented function.

The signature gives the types, the Google-style docstring the descriptions. The same model validates
the arguments of calls, so schema and validation agree.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, TypeVar, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model

from corpus.errors import BadInputError

_Model = TypeVar("_Model", bound=BaseModel)
_ARGUMENT = re.compile(r"^ {4}(\w+): (.+(?:\n {8}.+)*)", re.MULTILINE)


@cache
def arguments_model(function: Callable[..., Any]) -> type[BaseModel]:
    """Return the pydantic model of a tool's arguments: all but the first, the scope."""
    words = _described(function)
    hints = get_type_hints(function, include_extras=True)
    fields: dict[str, Any] = {}
    for parameter in list(inspect.signature(function).parameters.values())[1:]:
        default = ... if parameter.default is parameter.empty else parameter.default
        fields[parameter.name] = (
            hints[parameter.name],
            Field(default, description=words[parameter.name]),
        )
    return create_model(function.__name__, __config__=ConfigDict(extra="forbid"), **fields)


@cache
def tool_schema(function: Callable[..., Any]) -> dict[str, Any]:
    """Return the function-calling schema, in OpenAI's format."""
    description = inspect.cleandoc(function.__doc__ or "").split("\n\nArgs:")[0]
    parameters = arguments_model(function).model_json_schema()
    del parameters["title"]
    for field in parameters["properties"].values():
        del field["title"]
    return {
        "type": "function",
        "function": {
            "name": function.__name__,
            "description": " ".join(description.split()),
            "parameters": parameters,
        },
    }


def validated(model: type[_Model], arguments: Mapping[str, Any], name: str) -> _Model:
    """Return the arguments of the call ``name`` as ``model``.

    Raises:
        BadInputError: an argument is missing, unknown or invalid; the message names it.
    """
    try:
        return model.model_validate(arguments)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise BadInputError(f"{name}, argument '{place}': {first['msg']}.") from None


def _described(function: Callable[..., Any]) -> dict[str, str]:
    """Return the description of each argument from the docstring's ``Args``."""
    section = inspect.cleandoc(function.__doc__ or "").partition("Args:\n")[2]
    body = section.partition("\n\n")[0]
    return {name: " ".join(text.split()) for name, text in _ARGUMENT.findall(body)}
