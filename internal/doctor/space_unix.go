//go:build unix

package doctor

import "syscall"

// freeSpace is what others than root may still write, in bytes.
func freeSpace(dir string) (int64, error) {
	var s syscall.Statfs_t
	err := syscall.Statfs(dir, &s)
	return int64(s.Bavail) * int64(s.Bsize), err
}
