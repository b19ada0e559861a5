package agento

// SkillsService browses, authors and installs skills.
type SkillsService struct{ core *core }
