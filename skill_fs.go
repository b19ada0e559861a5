package agento

import (
	"fmt"
	"io"
	"io/fs"

	"github.com/remsyshq/agento-go/internal/errs"
)

// SkillFromFS makes a skill of a folder, such as os.DirFS("skills/invoices"). It
// has SKILL.md at its root: Markdown that begins with YAML front matter between
// two lines of ---, in which name and description are required, which is inferred.
// The version is taken from there too, if version or metadata.version is given;
// otherwise set it before uploading.
//
// All files go in, and all must be text, of at most 1 MiB each and 4 MiB together,
// 200 files in 200 folders at most. Hidden files and folders, symbolic links and
// everything else that is not a regular file are errors that name the file.
func SkillFromFS(fsys fs.FS) (UploadSkillParams, error) {
	if fsys == nil {
		return UploadSkillParams{}, errs.Argument("fsys", "is nil")
	}
	r := skillReader{fsys: fsys, files: make(map[string]string)}
	if err := fs.WalkDir(fsys, ".", r.visit); err != nil {
		return UploadSkillParams{}, err
	}
	if err := checkSkillFiles(r.files); err != nil {
		return UploadSkillParams{}, err
	}
	p, err := readFrontMatter(r.files[skillFile])
	if err != nil {
		return UploadSkillParams{}, err
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
	if problem := nameProblem(d.Name()); problem != "" {
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
