package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const source = `package thing

// Color is exported and has an exported field.
type Color struct{ Name string }

func Mix(a, b Color) Color { return a }

func hidden() {}
`

// pkg creates a module with one package, and its baseline.
func pkg(t *testing.T) (root string, change func(old, new string)) {
	t.Helper()
	root = t.TempDir()
	save := func(name, text string) {
		if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	save("go.mod", "module example.com/thing\n\ngo 1.25\n")
	save("thing.go", source)
	if err := write(root, ".", nil); err != nil {
		t.Fatal(err)
	}
	return root, func(old, new string) {
		if !strings.Contains(source, old) {
			t.Fatalf("the source has no %q", old)
		}
		save("thing.go", strings.Replace(source, old, new, 1))
	}
}

func TestCompare(t *testing.T) {
	cases := map[string]struct{ old, new, breaks, reports string }{
		"nothing changed":      {"", "", "", ""},
		"name removed":         {"func Mix(a, b Color) Color { return a }", "", "Mix: removed", ""},
		"name added":           {"func hidden() {}", "func Shown() {}", "", "Shown: added"},
		"parameter added":      {"Mix(a, b Color)", "Mix(a, b, c Color)", "Mix: changed", ""},
		"field renamed":        {"Name string", "Title string", "Color.Name: removed", "Color.Title: added"},
		"field added":          {"Name string", "Name, Shade string", "", "Color.Shade: added"},
		"hidden name removed":  {"func hidden() {}", "", "", ""},
		"body of a func moved": {"return a", "return b", "", ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			root, change := pkg(t)
			change(c.old, c.new)
			var out strings.Builder
			err := compare(root, ".", &out)
			if (err != nil) != (c.breaks != "") || (err != nil && !strings.Contains(err.Error(), c.breaks)) {
				t.Errorf("got error %v, want %q", err, c.breaks)
			}
			if !strings.Contains(out.String(), c.reports) || (c.reports == "" && out.Len() > 0) {
				t.Errorf("got report %q, want %q", out.String(), c.reports)
			}
		})
	}
}

func TestCompareNeedsBothSides(t *testing.T) {
	root, change := pkg(t)
	change("return a", "return nonsense")
	if err := compare(root, ".", new(strings.Builder)); err == nil || !strings.Contains(err.Error(), "nonsense") {
		t.Errorf("a package that does not compile: %v", err)
	}
	if err := os.WriteFile(baseline(root, "."), []byte("not a baseline"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := compare(root, ".", new(strings.Builder)); err == nil {
		t.Error("an invalid baseline is accepted")
	}
	if err := os.Remove(baseline(root, ".")); err != nil {
		t.Fatal(err)
	}
	if err := compare(root, ".", new(strings.Builder)); err == nil {
		t.Error("a missing baseline is accepted")
	}
}

// TestBaselineHasNoPaths checks that the baseline does not depend on the machine.
func TestBaselineHasNoPaths(t *testing.T) {
	root, _ := pkg(t)
	data, err := os.ReadFile(baseline(root, "."))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(data), root) {
		t.Error("the baseline contains the path of the package")
	}
}
