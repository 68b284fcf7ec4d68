//go:build !linux

package redistest

import "syscall"

// stop and resume are the numbers of the BSDs; Windows has neither, nor Redis.
const (
	stop   = syscall.Signal(17)
	resume = syscall.Signal(19)
)

// attributes are Linux's business: elsewhere Ctrl-C reaches the program, and one whose test binary was killed stays until somebody ends it.
func attributes() *syscall.SysProcAttr { return nil }
