// Package skillfile reads, bundles and checks custom skills: a folder of text files
// with SKILL.md at its root.
package skillfile

import (
	"fmt"
	"io"
	"io/fs"

	"github.com/remsyshq/agento-go/internal/errs"
	"github.com/remsyshq/agento-go/internal/textfs"
)

// Skill is a version of a custom skill, with the fields of
// agento.UploadSkillParams.
type Skill struct {
	Name, Version, Description string
	Files                      map[string]string
}

// Read makes a skill of a folder.
func Read(fsys fs.FS) (Skill, error) {
	if fsys == nil {
		return Skill{}, errs.Argument("fsys", "is nil")
	}
	r := skillReader{fsys: fsys, files: make(map[string]string)}
	if err := fs.WalkDir(fsys, ".", r.visit); err != nil {
		return Skill{}, err
	}
	if err := checkSkillFiles(r.files); err != nil {
		return Skill{}, err
	}
	p, err := readFrontMatter(r.files[skillFile])
	if err != nil {
		return Skill{}, err
	}
	p.Files = r.files
	return p, nil
}

// skillReader reads the files of a folder, within the bounds of a skill.
type skillReader struct {
	fsys    fs.FS
	begun   bool
	folders int
	total   int
	files   map[string]string
}

func (r *skillReader) visit(path string, d fs.DirEntry, err error) error {
	if err != nil {
		return fmt.Errorf("agento: skill file %s: %w", errs.Line(path), err)
	}
	if !r.begun { // the root, whatever it is called
		r.begun = true
		return nil
	}
	if problem := textfs.NameProblem(d.Name()); problem != "" {
		return skillFileError(path, problem)
	}
	switch {
	case d.IsDir():
		r.folders++
	case d.Type().IsRegular():
		return r.read(path)
	default:
		return skillFileError(path, "is not a regular file")
	}
	if r.folders > maxSkillFiles {
		return errs.Argument("skill", "has more than %d folders", maxSkillFiles)
	}
	return nil
}

func (r *skillReader) read(path string) error {
	if len(r.files) == maxSkillFiles {
		return errs.Argument("skill", "has more than %d files", maxSkillFiles)
	}
	f, err := r.fsys.Open(path)
	if err != nil {
		return fmt.Errorf("agento: skill file %s: %w", errs.Line(path), err)
	}
	defer func() { _ = f.Close() }()
	content, err := io.ReadAll(io.LimitReader(f, maxSkillFile+1))
	if err != nil {
		return fmt.Errorf("agento: skill file %s: %w", errs.Line(path), err)
	}
	r.files[path] = string(content)
	r.total += len(content)
	if err := checkSkillContent(path, r.files[path]); err != nil {
		return err
	}
	return checkSkillTotal(r.total)
}
