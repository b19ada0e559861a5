package chunk

import (
	"io/fs"
	"path"
	"strings"

	agento "github.com/remsyshq/agento-go"
	"github.com/remsyshq/agento-go/internal/textfs"
)

const maxFolders = 100 // one inside the other

// walk yields the chunks of a folder.
type walk struct {
	fsys     fs.FS
	settings *settings
	yield    func(agento.ChunkParams, error) bool
	inside   bool // the root was visited
}

func (w *walk) visit(name string, d fs.DirEntry, err error) error {
	switch {
	case err != nil:
		return w.fail("", textFile.Failed(name, err), nil)
	case !w.inside:
		w.inside = true
		return nil
	case d.IsDir():
		return w.folder(name, d)
	}
	return w.file(name, d)
}

// fail yields an error of a file, or of a folder if source is empty. It returns next, for
// fs.WalkDir, or fs.SkipAll if the walk is to end.
func (w *walk) fail(source string, err, next error) error {
	if !w.yield(agento.ChunkParams{Source: source}, err) {
		return fs.SkipAll
	}
	return next
}

func (w *walk) folder(name string, d fs.DirEntry) error {
	if isHidden(d) {
		return fs.SkipDir
	}
	if problem := nameProblem(name, d); problem != "" {
		return w.fail("", textFile.Invalid(name, "%s", problem), fs.SkipDir)
	}
	if strings.Count(name, "/") >= maxFolders {
		return w.fail("", textFile.Invalid(name, "is more than %d folders deep", maxFolders), fs.SkipDir)
	}
	return nil
}

func (w *walk) file(name string, d fs.DirEntry) error {
	if isHidden(d) {
		return nil
	}
	if !w.settings.knows(name) {
		w.settings.skipped(name)
		return nil
	}
	if problem := nameProblem(name, d); problem != "" {
		return w.fail(name, textFile.Invalid(name, "%s", problem), nil)
	}
	if !d.Type().IsRegular() {
		return w.fail(name, textFile.Invalid(name, "is not a regular file"), nil)
	}
	f, err := w.fsys.Open(name)
	if err != nil {
		return w.fail(name, textFile.Failed(name, err), nil)
	}
	sections, err := w.settings.parse(name, f)
	_ = f.Close()
	if err != nil {
		return w.fail(name, err, nil)
	}
	if !w.settings.split(sections, name, w.yield) {
		return fs.SkipAll
	}
	return nil
}

func isHidden(d fs.DirEntry) bool { return strings.HasPrefix(d.Name(), ".") }

// nameProblem returns why a name is invalid, or "". It checks that the entry is in its
// folder, because a file system that returns entries of other folders could make the walk
// endless.
func nameProblem(name string, d fs.DirEntry) string {
	if problem := textfs.NameProblem(d.Name()); problem != "" {
		return problem
	}
	if path.Base(name) != d.Name() || !fs.ValidPath(name) {
		return "has a path that is not in its folder"
	}
	return ""
}
