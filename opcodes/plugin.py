"""Hook implementations of the room `opcodes`: it declares what an opcode is, and none itself."""
