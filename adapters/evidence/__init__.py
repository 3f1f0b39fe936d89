"""佐证材料: files that facts point to by their digest, kept once, exactly as they came."""
