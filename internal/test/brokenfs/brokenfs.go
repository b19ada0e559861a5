// Package brokenfs provides a file system for tests whose files or listings fail or are
// inconsistent.
package brokenfs

import (
	"io/fs"
	"testing/fstest"
)

// FS is an in-memory file system whose methods can be replaced.
type FS struct {
	fstest.MapFS
	OpenFile func(name string) (fs.File, error) // for all names except "."
	List     func(name string) ([]fs.DirEntry, error)
}

// Open calls OpenFile if it is set.
func (f FS) Open(name string) (fs.File, error) {
	if f.OpenFile != nil && name != "." {
		return f.OpenFile(name)
	}
	return f.MapFS.Open(name)
}

// ReadDir calls List if it is set.
func (f FS) ReadDir(name string) ([]fs.DirEntry, error) {
	if f.List != nil {
		return f.List(name)
	}
	return f.MapFS.ReadDir(name)
}

// Renamed is a directory entry with a different name.
type Renamed struct {
	fs.DirEntry
	As string
}

// Name returns the different name.
func (r Renamed) Name() string { return r.As }
