"""Classes and interfaces in assembly.

    .interface Shape                     .class Circle extends Figure implements Shape
        area(f32) -> f32                     radius: f32
    .end                                     .method area: circle_area        a new slot
                                             .override text: circle_text      of an inherited one
                                         .end

A class implements an interface by its methods of the same names, unless `.implements Shape: area, …` in the
body says by which.
"""

from __future__ import annotations

from ..opcodes import types
from .asm_scope import Block, Scope, Table, directive_of, read_declared, read_key
from .module import ClassType, FunctionType, Implementation, InterfaceType
from .text import Fault, Token, Words, suggestion

_FIRST = types.FIRST_MODULE_TYPE
_NAMED = ("fields", "methods")


def _unnamed(words: Words) -> frozenset[str]:
    """.nonames: which members have no names; all if it does not say."""
    words.at = 2
    found: set[str] = set()
    while words.next.kind == "word":
        token = words.take()
        if token.text not in _NAMED:
            raise Fault(f"no names are called {token.text}{suggestion(token.text, _NAMED)}", token)
        found.add(token.text)
    return frozenset(found or _NAMED)


class ClassBody:
    """A class: first its names are declared, then its entry is made. index: in the type table."""

    def __init__(self, scope: Scope, index: int, block: Block) -> None:
        self.scope, self.index, self.block = scope, index, block
        self.unnamed: frozenset[str] = frozenset()
        self.superclass = self._read_superclass(block.head)
        above = self.superclass - _FIRST
        fields = scope.fields[above] if self.superclass else None
        methods = scope.methods[above] if self.superclass else None
        self.methods = Table("method", methods)
        self.fields = Table("field", fields)
        scope.methods[index], scope.fields[index] = self.methods, self.fields
        if self.superclass:
            scope.superclasses[index] = above
        for words in block.body:
            directive = directive_of(words)
            if directive == ".nonames":
                self.unnamed |= _unnamed(words)
            elif directive == ".method":
                words.at = 2
                name = read_declared(words)
                if methods is not None and methods.get(name.key) is not None:
                    raise Fault(f"method {name.token.text} is inherited: write .override", name.token)
                self.methods.add(name)
            elif directive not in ("", ".override", ".implements"):
                known = (".method", ".override", ".implements", ".nonames", ".end")
                raise Fault(
                    f"no directive of a class is called {directive}{suggestion(directive, known)}", words.next
                )
            elif not directive:
                self.fields.add(read_declared(words))

    def _read_superclass(self, words: Words) -> int:
        if not words.accept("extends"):
            return 0
        token = words.next
        code = self.scope.types.read(words)
        if code - _FIRST not in self.scope.fields:
            raise Fault(f"{token.text} is no class that stands before this one", token)
        return code

    def entry(self) -> ClassType:
        """The class's entry of the type table; those of its superclasses are there."""
        above = self.scope.types.entries[self.superclass - _FIRST] if self.superclass else None
        virtuals = list(above.virtuals) if isinstance(above, ClassType) else []
        fields: list[int] = []
        late: list[Words] = []
        for words in self.block.body:
            directive = directive_of(words)
            if directive == ".implements":
                words.at = 2
                late.append(words)
                continue
            if directive == ".method":
                self._function(words, virtuals)
            elif directive == ".override":
                words.at = 2
                token = words.next
                slot = self.methods.find(words)
                if slot >= self.methods.first:
                    raise Fault(f"{token.text} is not inherited: write .method", token)
                virtuals[slot] = self._function(words, [])
            elif not directive:
                words.expect(":")
                fields.append(self.scope.types.read(words, stored=True))
            words.finish()
        interfaces = []
        head = self.block.head
        if head.accept("implements"):
            interfaces.append(self._implementation(head))
            while head.accept(","):
                interfaces.append(self._implementation(head))
        head.finish()
        for words in late:
            interfaces.append(self._implementation(words))
            words.finish()
        return ClassType(tuple(fields), self.superclass, tuple(virtuals), tuple(interfaces))

    def _function(self, words: Words, virtuals: list[int]) -> int:
        """`: function`, which is added to the *virtuals*."""
        words.expect(":")
        virtuals.append(self.scope.functions.find(words))
        return virtuals[-1]

    def _implementation(self, words: Words) -> Implementation:
        """An interface, and perhaps `: method, …`: what stands for each of its methods."""
        token = words.next
        code = self.scope.types.read(words)
        methods = self.scope.methods.get(code - _FIRST)
        if methods is None or code - _FIRST in self.scope.fields:
            raise Fault(f"{token.text} is no interface", token)
        if words.accept(":"):
            slots = [] if words.next.kind == "end" else [self.methods.find(words)]
            while words.accept(","):
                slots.append(self.methods.find(words))
        else:
            slots = [self._same_name(key, token) for key in methods.index]
        return Implementation(code, tuple(slots))

    def _same_name(self, key: tuple[bool, str], token: Token) -> int:
        found = self.methods.get(key)
        if found is None:
            raise Fault(f"the class has no method {key[1]}, which {token.text} wants", token)
        return found


class InterfaceBody:
    """An interface, as a class."""

    def __init__(self, scope: Scope, index: int, block: Block) -> None:
        self.scope, self.index, self.block = scope, index, block
        self.unnamed: frozenset[str] = frozenset()
        block.head.finish()
        methods = scope.methods[index] = Table("method")
        for words in block.body:
            directive = directive_of(words)
            if directive == ".nonames":
                self.unnamed |= _unnamed(words)
            elif directive:
                raise Fault("an interface has methods and .nonames only", words.next)
            else:
                methods.add(read_declared(words))

    def entry(self) -> InterfaceType:
        """The interface's entry of the type table."""
        types_ = self.scope.types
        methods: list[int] = []
        for words in self.block.body:
            if directive_of(words):
                pass
            elif words.accept(":"):
                token = words.next
                found = types_.named.get(read_key(words))
                if found is None or not isinstance(types_.entries[found], FunctionType):
                    raise Fault(f"{token.text} is no function type", token)
                methods.append(found)
            else:
                methods.append(types_.intern(types_.read_function(words, _FIRST + self.index)))
            words.finish()
        return InterfaceType(tuple(methods))
