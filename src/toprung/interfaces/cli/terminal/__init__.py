"""What every command needs: options, output, and who acts."""
