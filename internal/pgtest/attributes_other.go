//go:build !linux

package pgtest

import "syscall"

// attributes are Linux's business: elsewhere nobody tests as root, and a server whose directory the guard has removed ends itself within a minute.
func attributes(*account) *syscall.SysProcAttr { return nil }

func ownGroup() *syscall.SysProcAttr { return nil }
