"""Everything that guards a call: one shape, wrapped around any async function."""
