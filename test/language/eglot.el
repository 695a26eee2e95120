;;; Emacs's Eglot, without a window, as docs/editors.md sets it up: each thing that the server offers is done through the
;;; client's own functions, and its outcome printed as one line, `name: outcome`.
;;; Arguments: node, the program `mshare`, a scenario, a folder to keep things in.
(let ((args command-line-args-left))
  (setq command-line-args-left nil)
  (setq node (nth 0 args) program (nth 1 args) scenario (nth 2 args)
        user-emacs-directory (file-name-as-directory (nth 3 args))))
(setq make-backup-files nil
      create-lockfiles nil)
(package-initialize)
(require 'eglot)

(define-derived-mode mshare-mode prog-mode "mshare" (setq-local comment-start "// "))
(add-to-list 'auto-mode-alist '("\\.mshare\\'" . mshare-mode))
(add-to-list 'eglot-server-programs `(mshare-mode . (,node ,program "lsp" "--stdio")))

(defun say (name outcome) (princ (format "%s: %s\n" name outcome)))

(defun await (what condition)
  "Waits for CONDITION, not for a time: the limit is only for a server that never answers."
  (let ((limit (+ (float-time) 60)))
    (while (not (funcall condition))
      (when (> (float-time) limit)
        (say "failed" what)
        (kill-emacs 1))
      (accept-process-output nil 0.05))))

(defun problems ()
  "What Flymake shows. Without a window nothing starts it by itself, and nobody is ever idle, when Eglot tells of changes."
  (eglot--signal-textDocument/didChange)
  (flymake-start)
  (flymake-diagnostics))

(defun line () (buffer-substring-no-properties (line-beginning-position) (line-end-position)))

(defun go (line column)
  (goto-char (point-min))
  (forward-line (1- line))
  (forward-char column))

(find-file scenario)
(apply #'eglot (eglot--guess-contact))
(await "the client" #'eglot-managed-p)
(await "diagnostics" #'problems)
(dolist (one (problems))
  (say "diagnostic" (format "%s %s" (line-number-at-pos (flymake-diagnostic-beg one)) (flymake-diagnostic-text one))))

;; The quick fix at the mistyped call.
(go 3 9)
(let ((fix (car (eglot-code-actions (point) (point) "quickfix"))))
  (say "action" (plist-get fix :title))
  (eglot--apply-workspace-edit (plist-get fix :edit)))
(await "diagnostics gone" (lambda () (null (problems))))
(say "line 3" (line))

(setq hover nil)
(go 3 10)
;; Eglot tells only what is shown in a window; batch mode has one.
(switch-to-buffer (current-buffer))
(eglot-hover-eldoc-function (lambda (text &rest _) (setq hover text)))
(await "hover" (lambda () hover))
(say "hover" (replace-regexp-in-string "\n" "\\n" hover t t))

(go 4 6)
(let* ((found (eglot-completion-at-point))
       (offers (all-completions "" (nth 2 found))))
  (say "completion" (if (and (member "load" offers) (member "munmap" offers)) "load and munmap" "others")))

(go 4 11)
(eglot-rename "base")
(say "renamed" (line))

(go 4 11)
(let ((location (xref-item-location (car (xref-backend-definitions 'eglot "LSP identifier at point.")))))
  (say "definition" (format "line %s" (xref-location-line location))))

(eglot-format-buffer)
(go 4 0)
(say "formatted" (line))

(set-buffer-modified-p nil)
(eglot-shutdown (eglot-current-server))
(say "server" "gone")
