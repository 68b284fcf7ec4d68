package redistest

import "syscall"

const (
	stop   = syscall.SIGSTOP
	resume = syscall.SIGCONT
)

// attributes keep Ctrl-C from the program, and end it at once when we die.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
