package app

import "avow/internal/assess"

// generator is where questions come from: the bank that avow brings along, unless another one is given.
func (a *App) generator() assess.Generator {
	if a.o.Generator != nil {
		return a.o.Generator
	}
	return assess.Builtin()
}
