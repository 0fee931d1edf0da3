"""A program that has something of all that a guest and its host talk about."""

TEXT = """
.collector
.memory m: 1
.global g: i32
.table t: 2
.import ask(a: i32) -> i32: "env", "ask"
.import text(a: string) -> string: "env", "text"
.export f
.export s
.export b
.export g: global g
.export t: table t
.func main()
  RET
.end
.func f(a: i32) -> i32
  LOAD a
  CALL ask
  RET
.end
.func s(a: string) -> string
  LOAD a
  CALL text
  RET
.end
.func b(a: i64[]) -> i64[]
  LOAD a
  RET
.end
"""
