// Package skillfile reads, bundles and validates custom skills: folders of text files
// with a SKILL.md at the root.
package skillfile

import (
	"io/fs"

	"github.com/remsyshq/agento-go/internal/errs"
	"github.com/remsyshq/agento-go/internal/textfs"
)

// The limits of a custom skill. The service's limits are not documented.
const (
	maxTotal = 4 << 20 // bytes of all files together
	maxFiles = 200
)

// manifest is the file that every skill has.
const manifest = "SKILL.md"

var textFile = textfs.Kind{Name: "skill file", MaxBytes: 1 << 20}

// Skill is a version of a custom skill, with the fields of
// agento.UploadSkillParams.
type Skill struct {
	Name, Version, Description string
	Files                      map[string]string
}

// Read returns the skill in a folder. The version is empty if SKILL.md has none.
func Read(fsys fs.FS) (Skill, error) {
	if fsys == nil {
		return Skill{}, errs.Argument("fsys", "is nil")
	}
	r := reader{fsys: fsys, files: make(map[string]string)}
	if err := fs.WalkDir(fsys, ".", r.visit); err != nil {
		return Skill{}, err
	}
	if err := checkFiles(r.files); err != nil {
		return Skill{}, err
	}
	s, err := readFrontMatter(r.files[manifest])
	if err != nil {
		return Skill{}, err
	}
	s.Files = r.files
	return s, nil
}

// reader reads the files of a folder, within the limits of a skill.
type reader struct {
	fsys    fs.FS
	inside  bool // the root was visited
	folders int
	total   int
	files   map[string]string
}

func (r *reader) visit(path string, d fs.DirEntry, err error) error {
	if err != nil {
		return textFile.Failed(path, err)
	}
	if !r.inside {
		r.inside = true
		return nil
	}
	if problem := textfs.NameProblem(d.Name()); problem != "" {
		return textFile.Invalid(path, "%s", problem)
	}
	switch {
	case d.IsDir():
		r.folders++
	case d.Type().IsRegular():
		return r.read(path)
	default:
		return textFile.Invalid(path, "is not a regular file")
	}
	if r.folders > maxFiles {
		return errs.Argument("skill", "has more than %d folders", maxFiles)
	}
	return nil
}

func (r *reader) read(path string) error {
	if len(r.files) == maxFiles {
		return errs.Argument("skill", "has more than %d files", maxFiles)
	}
	content, err := textFile.Read(r.fsys, path)
	if err != nil {
		return err
	}
	r.files[path] = content
	r.total += len(content)
	return checkTotal(r.total)
}
